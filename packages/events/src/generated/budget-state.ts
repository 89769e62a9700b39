// Generated from schemas/budget-state.avsc by `pnpm generate`. Change the schema, not this file.

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
