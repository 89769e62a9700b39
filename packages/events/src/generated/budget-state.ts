// Generated from schemas/budget-state.avsc by `pnpm generate`. Change the schema, not this file.

import type { AvroInput } from '../avro/avro-input.ts';
import type { AvroOutput } from '../avro/avro-output.ts';

export type BudgetLevel = 'ok' | 'soft' | 'hard';
/** Where a budget stands. Topic weir.budget-states, compacted by key scope_key. */
export interface BudgetState {
  readonly budget_id: string;
  /** budget id and the values of its scope */
  readonly scope_key: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly period_start: number;
  readonly period_end: number;
  /** null when the limit is not money. Pico-dollars. */
  readonly limit_usd: null | bigint;
  /** Pico-dollars. */
  readonly spent_usd: bigint;
  readonly requests: number;
  readonly tokens: number;
  /** requests whose cost is unknown */
  readonly unpriced: number;
  readonly state: BudgetLevel;
  /** shares of the limit, e.g. 0.8 */
  readonly thresholds_fired: readonly number[];
  readonly updated_at: number;
  /** rises with each state of the scope */
  readonly version: number;
}

export const budgetStateSchema = {
 "type": "record",
 "name": "BudgetState",
 "namespace": "weir",
 "doc": "Where a budget stands. Topic weir.budget-states, compacted by key scope_key.",
 "fields": [
  {
   "name": "budget_id",
   "type": "string"
  },
  {
   "name": "scope_key",
   "type": "string",
   "doc": "budget id and the values of its scope"
  },
  {
   "name": "scope",
   "type": {
    "type": "map",
    "values": "string"
   }
  },
  {
   "name": "period_start",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   }
  },
  {
   "name": "period_end",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   }
  },
  {
   "name": "limit_usd",
   "type": [
    "null",
    {
     "type": "bytes",
     "logicalType": "decimal",
     "precision": 18,
     "scale": 12
    }
   ],
   "doc": "null when the limit is not money"
  },
  {
   "name": "spent_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   }
  },
  {
   "name": "requests",
   "type": "long"
  },
  {
   "name": "tokens",
   "type": "long"
  },
  {
   "name": "unpriced",
   "type": "long",
   "doc": "requests whose cost is unknown"
  },
  {
   "name": "state",
   "type": {
    "type": "enum",
    "name": "BudgetLevel",
    "symbols": [
     "ok",
     "soft",
     "hard"
    ],
    "default": "ok"
   }
  },
  {
   "name": "thresholds_fired",
   "type": {
    "type": "array",
    "items": "double"
   },
   "doc": "shares of the limit, e.g. 0.8"
  },
  {
   "name": "updated_at",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   }
  },
  {
   "name": "version",
   "type": "long",
   "doc": "rises with each state of the scope"
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const budgetStateEarlierSchemas: readonly object[] = [];

const BudgetLevelSymbols: readonly BudgetLevel[] = ["ok","soft","hard"];
const BudgetLevelIndices: ReadonlyMap<string, number> = new Map(BudgetLevelSymbols.map((symbol, index) => [symbol, index]));

export function readBudgetState(input: AvroInput): BudgetState {
  return {
    budget_id: input.string(),
    scope_key: input.string(),
    scope: input.map((input) => input.string()),
    period_start: input.long(),
    period_end: input.long(),
    limit_usd: input.present() ? input.decimal() : null,
    spent_usd: input.decimal(),
    requests: input.long(),
    tokens: input.long(),
    unpriced: input.long(),
    state: input.symbol(BudgetLevelSymbols),
    thresholds_fired: input.array((input) => input.double()),
    updated_at: input.long(),
    version: input.long(),
  };
}

export function writeBudgetState(output: AvroOutput, event: BudgetState): void {
  output.string(event.budget_id);
  output.string(event.scope_key);
  output.map(event.scope, (output, item) => output.string(item));
  output.long(event.period_start);
  output.long(event.period_end);
  if (event.limit_usd === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.limit_usd);
  }
  output.decimal(event.spent_usd);
  output.long(event.requests);
  output.long(event.tokens);
  output.long(event.unpriced);
  output.symbol(BudgetLevelIndices, event.state);
  output.array(event.thresholds_fired, (output, item) => output.double(item));
  output.long(event.updated_at);
  output.long(event.version);
}
