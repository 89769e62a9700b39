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
  /** requests, input_tokens, output_tokens, cache, model_mix, price, retries */
  readonly kind: string;
  /** of the whole change; parts that go the other way are negative */
  readonly share: number;
  /** its part of the change. Pico-dollars. */
  readonly delta_usd: bigint;
}
/** what the change is put down to */
export interface Attribution {
  /** dimension values that name it */
  readonly scope: Readonly<Record<string, string>>;
  /** of the change */
  readonly share: number;
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
  /** the change of spend split exactly, the largest part first. Pico-dollars. */
  readonly causes: readonly Cause[];
  readonly evidence: Readonly<Record<string, string>>;
  readonly sample_request_ids: readonly string[];
  /** one sentence for a human */
  readonly message: string;
  /** what the test that fired is about: requests, input_tokens, output_tokens, cache, price, model_mix, retries, new; '' for budgets */
  readonly driver: string;
  /** up or down; '' for budgets */
  readonly direction: string;
  /** money at stake in four steps: info, low, medium, high; severity says the same in three; '' for budgets */
  readonly level: string;
  /** the scope that the test names as the cause, most likely first */
  readonly attributed: readonly Attribution[];
  /** time of the calls at which it was found; null for budgets */
  readonly event_time: null | number;
  /** length of the calls that spend_now_usd adds up; null when nothing is split */
  readonly span_ms: null | number;
  /** what those calls cost; the causes add up to spend_now_usd - spend_usual_usd exactly. Pico-dollars. */
  readonly spend_now_usd: null | bigint;
  /** what such a span costs as a rule. Pico-dollars. */
  readonly spend_usual_usd: null | bigint;
  /** estimate of the money above the usual in an hour, if it goes on like this; null for budgets. Pico-dollars. */
  readonly impact_usd_per_hour: null | bigint;
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
       "doc": "requests, input_tokens, output_tokens, cache, model_mix, price, retries"
      },
      {
       "name": "share",
       "type": "double",
       "doc": "of the whole change; parts that go the other way are negative"
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
   "doc": "the change of spend split exactly, the largest part first"
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
  },
  {
   "name": "driver",
   "type": "string",
   "doc": "what the test that fired is about: requests, input_tokens, output_tokens, cache, price, model_mix, retries, new; '' for budgets",
   "default": ""
  },
  {
   "name": "direction",
   "type": "string",
   "doc": "up or down; '' for budgets",
   "default": ""
  },
  {
   "name": "level",
   "type": "string",
   "doc": "money at stake in four steps: info, low, medium, high; severity says the same in three; '' for budgets",
   "default": ""
  },
  {
   "name": "attributed",
   "type": {
    "type": "array",
    "items": {
     "type": "record",
     "name": "Attribution",
     "doc": "what the change is put down to",
     "fields": [
      {
       "name": "scope",
       "type": {
        "type": "map",
        "values": "string"
       },
       "doc": "dimension values that name it"
      },
      {
       "name": "share",
       "type": "double",
       "doc": "of the change"
      }
     ]
    }
   },
   "doc": "the scope that the test names as the cause, most likely first",
   "default": []
  },
  {
   "name": "event_time",
   "type": [
    "null",
    {
     "type": "long",
     "logicalType": "timestamp-millis"
    }
   ],
   "doc": "time of the calls at which it was found; null for budgets",
   "default": null
  },
  {
   "name": "span_ms",
   "type": [
    "null",
    "long"
   ],
   "doc": "length of the calls that spend_now_usd adds up; null when nothing is split",
   "default": null
  },
  {
   "name": "spend_now_usd",
   "type": [
    "null",
    {
     "type": "bytes",
     "logicalType": "decimal",
     "precision": 18,
     "scale": 12
    }
   ],
   "doc": "what those calls cost; the causes add up to spend_now_usd - spend_usual_usd exactly",
   "default": null
  },
  {
   "name": "spend_usual_usd",
   "type": [
    "null",
    {
     "type": "bytes",
     "logicalType": "decimal",
     "precision": 18,
     "scale": 12
    }
   ],
   "doc": "what such a span costs as a rule",
   "default": null
  },
  {
   "name": "impact_usd_per_hour",
   "type": [
    "null",
    {
     "type": "bytes",
     "logicalType": "decimal",
     "precision": 18,
     "scale": 12
    }
   ],
   "doc": "estimate of the money above the usual in an hour, if it goes on like this; null for budgets",
   "default": null
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const costAnomalyEarlierSchemas: readonly object[] = [{"type":"record","name":"CostAnomaly","namespace":"weir","doc":"A change of spend, with its causes. Topic weir.cost-anomalies, key anomaly_id.","fields":[{"name":"anomaly_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv5 of detector, series and start: the same finding has the same id"},{"name":"version","type":"int","doc":"rises with each update"},{"name":"status","type":{"type":"enum","name":"AnomalyStatus","symbols":["open","update","resolved"],"default":"open"}},{"name":"severity","type":{"type":"enum","name":"Severity","symbols":["info","warning","critical"],"default":"info"}},{"name":"kind","type":"string","doc":"budget, runaway_loop, prompt_change, model_swap, price_change, retry_storm, cache_collapse, ..."},{"name":"detector","type":"string"},{"name":"account","type":"string"},{"name":"gateway","type":"string"},{"name":"scope","type":{"type":"map","values":"string"},"doc":"the dimension values it is about"},{"name":"metric","type":"string","doc":"spend_usd, input_tokens_per_request, error_share, ..."},{"name":"detected_at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"started_at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"ended_at","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},{"name":"observed","type":"double"},{"name":"expected","type":"double"},{"name":"lower","type":"double"},{"name":"upper","type":"double"},{"name":"score","type":"double"},{"name":"impact_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"money above the expected so far"},{"name":"causes","type":{"type":"array","items":{"type":"record","name":"Cause","doc":"one part of the change of spend","fields":[{"name":"dimension","type":"string","doc":"feature, model, user_id, prompt_fp, ..."},{"name":"value","type":"string"},{"name":"kind","type":"string","doc":"volume, input_tokens, output_tokens, cache, model_mix, price, retries"},{"name":"share","type":"double","doc":"of the whole change, 0 to 1"},{"name":"delta_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"its part of the change"}]}},"doc":"ranked"},{"name":"evidence","type":{"type":"map","values":"string"}},{"name":"sample_request_ids","type":{"type":"array","items":"string"}},{"name":"message","type":"string","doc":"one sentence for a human"}]}];

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

function readAttribution(input: AvroInput): Attribution {
  return {
    scope: input.map((input) => input.string()),
    share: input.double(),
  };
}

function writeAttribution(output: AvroOutput, event: Attribution): void {
  output.map(event.scope, (output, item) => output.string(item));
  output.double(event.share);
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
    driver: input.string(),
    direction: input.string(),
    level: input.string(),
    attributed: input.array((input) => readAttribution(input)),
    event_time: input.present() ? input.long() : null,
    span_ms: input.present() ? input.long() : null,
    spend_now_usd: input.present() ? input.decimal() : null,
    spend_usual_usd: input.present() ? input.decimal() : null,
    impact_usd_per_hour: input.present() ? input.decimal() : null,
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
  output.string(event.driver);
  output.string(event.direction);
  output.string(event.level);
  output.array(event.attributed, (output, item) => writeAttribution(output, item));
  if (event.event_time === null) output.long(0);
  else {
    output.long(1);
    output.long(event.event_time);
  }
  if (event.span_ms === null) output.long(0);
  else {
    output.long(1);
    output.long(event.span_ms);
  }
  if (event.spend_now_usd === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.spend_now_usd);
  }
  if (event.spend_usual_usd === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.spend_usual_usd);
  }
  if (event.impact_usd_per_hour === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.impact_usd_per_hour);
  }
}
