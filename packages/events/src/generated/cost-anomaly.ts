// Generated from schemas/cost-anomaly.avsc by `pnpm generate`. Change the schema, not this file.

import type { AvroInput } from '../avro/avro-input.ts';
import type { AvroOutput } from '../avro/avro-output.ts';

export type AnomalyStatus = 'open' | 'update' | 'resolved';
export type Severity = 'info' | 'warning' | 'critical';
/** one part of the change of spend */
export interface Cause {
  /** feature, model, user_id, prompt_fp, ... */
  readonly dimension: string;
  readonly value: string;
  /** volume, input_tokens, output_tokens, cache, model_mix, price, retries */
  readonly kind: string;
  /** of the whole change, 0 to 1 */
  readonly share: number;
  /** its part of the change. Pico-dollars. */
  readonly delta_usd: bigint;
}
/** A change of spend, with its causes. Topic weir.cost-anomalies, key anomaly_id. */
export interface CostAnomaly {
  /** UUIDv5 of detector, series and start: the same finding has the same id */
  readonly anomaly_id: string;
  /** rises with each update */
  readonly version: number;
  readonly status: AnomalyStatus;
  readonly severity: Severity;
  /** budget, runaway_loop, prompt_change, model_swap, price_change, retry_storm, cache_collapse, ... */
  readonly kind: string;
  readonly detector: string;
  readonly account: string;
  readonly gateway: string;
  /** the dimension values it is about */
  readonly scope: Readonly<Record<string, string>>;
  /** spend_usd, input_tokens_per_request, error_share, ... */
  readonly metric: string;
  readonly detected_at: number;
  readonly started_at: number;
  readonly ended_at: null | number;
  readonly observed: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly score: number;
  /** money above the expected so far. Pico-dollars. */
  readonly impact_usd: bigint;
  /** ranked. Pico-dollars. */
  readonly causes: readonly Cause[];
  readonly evidence: Readonly<Record<string, string>>;
  readonly sample_request_ids: readonly string[];
  /** one sentence for a human */
  readonly message: string;
}

export const costAnomalySchema = {
 "type": "record",
 "name": "CostAnomaly",
 "namespace": "weir",
 "doc": "A change of spend, with its causes. Topic weir.cost-anomalies, key anomaly_id.",
 "fields": [
  {
   "name": "anomaly_id",
   "type": {
    "type": "string",
    "logicalType": "uuid"
   },
   "doc": "UUIDv5 of detector, series and start: the same finding has the same id"
  },
  {
   "name": "version",
   "type": "int",
   "doc": "rises with each update"
  },
  {
   "name": "status",
   "type": {
    "type": "enum",
    "name": "AnomalyStatus",
    "symbols": [
     "open",
     "update",
     "resolved"
    ],
    "default": "open"
   }
  },
  {
   "name": "severity",
   "type": {
    "type": "enum",
    "name": "Severity",
    "symbols": [
     "info",
     "warning",
     "critical"
    ],
    "default": "info"
   }
  },
  {
   "name": "kind",
   "type": "string",
   "doc": "budget, runaway_loop, prompt_change, model_swap, price_change, retry_storm, cache_collapse, ..."
  },
  {
   "name": "detector",
   "type": "string"
  },
  {
   "name": "account",
   "type": "string"
  },
  {
   "name": "gateway",
   "type": "string"
  },
  {
   "name": "scope",
   "type": {
    "type": "map",
    "values": "string"
   },
   "doc": "the dimension values it is about"
  },
  {
   "name": "metric",
   "type": "string",
   "doc": "spend_usd, input_tokens_per_request, error_share, ..."
  },
  {
   "name": "detected_at",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   }
  },
  {
   "name": "started_at",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   }
  },
  {
   "name": "ended_at",
   "type": [
    "null",
    {
     "type": "long",
     "logicalType": "timestamp-millis"
    }
   ]
  },
  {
   "name": "observed",
   "type": "double"
  },
  {
   "name": "expected",
   "type": "double"
  },
  {
   "name": "lower",
   "type": "double"
  },
  {
   "name": "upper",
   "type": "double"
  },
  {
   "name": "score",
   "type": "double"
  },
  {
   "name": "impact_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   },
   "doc": "money above the expected so far"
  },
  {
   "name": "causes",
   "type": {
    "type": "array",
    "items": {
     "type": "record",
     "name": "Cause",
     "doc": "one part of the change of spend",
     "fields": [
      {
       "name": "dimension",
       "type": "string",
       "doc": "feature, model, user_id, prompt_fp, ..."
      },
      {
       "name": "value",
       "type": "string"
      },
      {
       "name": "kind",
       "type": "string",
       "doc": "volume, input_tokens, output_tokens, cache, model_mix, price, retries"
      },
      {
       "name": "share",
       "type": "double",
       "doc": "of the whole change, 0 to 1"
      },
      {
       "name": "delta_usd",
       "type": {
        "type": "bytes",
        "logicalType": "decimal",
        "precision": 18,
        "scale": 12
       },
       "doc": "its part of the change"
      }
     ]
    }
   },
   "doc": "ranked"
  },
  {
   "name": "evidence",
   "type": {
    "type": "map",
    "values": "string"
   }
  },
  {
   "name": "sample_request_ids",
   "type": {
    "type": "array",
    "items": "string"
   }
  },
  {
   "name": "message",
   "type": "string",
   "doc": "one sentence for a human"
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const costAnomalyEarlierSchemas: readonly object[] = [];

const AnomalyStatusSymbols: readonly AnomalyStatus[] = ["open","update","resolved"];
const AnomalyStatusIndices: ReadonlyMap<string, number> = new Map(AnomalyStatusSymbols.map((symbol, index) => [symbol, index]));

const SeveritySymbols: readonly Severity[] = ["info","warning","critical"];
const SeverityIndices: ReadonlyMap<string, number> = new Map(SeveritySymbols.map((symbol, index) => [symbol, index]));

function readCause(input: AvroInput): Cause {
  return {
    dimension: input.string(),
    value: input.string(),
    kind: input.string(),
    share: input.double(),
    delta_usd: input.decimal(),
  };
}

function writeCause(output: AvroOutput, event: Cause): void {
  output.string(event.dimension);
  output.string(event.value);
  output.string(event.kind);
  output.double(event.share);
  output.decimal(event.delta_usd);
}

export function readCostAnomaly(input: AvroInput): CostAnomaly {
  return {
    anomaly_id: input.string(),
    version: input.int(),
    status: input.symbol(AnomalyStatusSymbols),
    severity: input.symbol(SeveritySymbols),
    kind: input.string(),
    detector: input.string(),
    account: input.string(),
    gateway: input.string(),
    scope: input.map((input) => input.string()),
    metric: input.string(),
    detected_at: input.long(),
    started_at: input.long(),
    ended_at: input.present() ? input.long() : null,
    observed: input.double(),
    expected: input.double(),
    lower: input.double(),
    upper: input.double(),
    score: input.double(),
    impact_usd: input.decimal(),
    causes: input.array((input) => readCause(input)),
    evidence: input.map((input) => input.string()),
    sample_request_ids: input.array((input) => input.string()),
    message: input.string(),
  };
}

export function writeCostAnomaly(output: AvroOutput, event: CostAnomaly): void {
  output.string(event.anomaly_id);
  output.int(event.version);
  output.symbol(AnomalyStatusIndices, event.status);
  output.symbol(SeverityIndices, event.severity);
  output.string(event.kind);
  output.string(event.detector);
  output.string(event.account);
  output.string(event.gateway);
  output.map(event.scope, (output, item) => output.string(item));
  output.string(event.metric);
  output.long(event.detected_at);
  output.long(event.started_at);
  if (event.ended_at === null) output.long(0);
  else {
    output.long(1);
    output.long(event.ended_at);
  }
  output.double(event.observed);
  output.double(event.expected);
  output.double(event.lower);
  output.double(event.upper);
  output.double(event.score);
  output.decimal(event.impact_usd);
  output.array(event.causes, (output, item) => writeCause(output, item));
  output.map(event.evidence, (output, item) => output.string(item));
  output.array(event.sample_request_ids, (output, item) => output.string(item));
  output.string(event.message);
}
