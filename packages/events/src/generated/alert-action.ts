// Generated from schemas/alert-action.avsc by `pnpm generate`. Change the schema, not this file.

import type { AvroInput } from '../avro/avro-input.ts';
import type { AvroOutput } from '../avro/avro-output.ts';

export type AlertActionKind = 'acknowledge' | 'mute' | 'withdraw';
/** What a person said about alerts. Topic weir.alert-actions, compacted by key action_key: the newest of a key holds. */
export interface AlertAction {
  /** what it is about: alert/<anomaly_id>, or scope/<pattern as sorted name=value pairs> */
  readonly action_key: string;
  /** acknowledge: no more of this alert until it is resolved; mute: no webhook is told; withdraw: neither holds any more */
  readonly action: AlertActionKind;
  /** the alert, '' when it is about a scope */
  readonly anomaly_id: string;
  /** kind, and dimensions of an alert's scope, to values with * for any text; all must match */
  readonly pattern: Readonly<Record<string, string>>;
  /** when it ends by itself; null never */
  readonly until: null | number;
  readonly reason: string;
  /** who said so */
  readonly by: string;
  readonly at: number;
}

export const alertActionSchema = {
 "type": "record",
 "name": "AlertAction",
 "namespace": "weir",
 "doc": "What a person said about alerts. Topic weir.alert-actions, compacted by key action_key: the newest of a key holds.",
 "fields": [
  {
   "name": "action_key",
   "type": "string",
   "doc": "what it is about: alert/<anomaly_id>, or scope/<pattern as sorted name=value pairs>"
  },
  {
   "name": "action",
   "type": {
    "type": "enum",
    "name": "AlertActionKind",
    "symbols": [
     "acknowledge",
     "mute",
     "withdraw"
    ],
    "default": "withdraw"
   },
   "doc": "acknowledge: no more of this alert until it is resolved; mute: no webhook is told; withdraw: neither holds any more"
  },
  {
   "name": "anomaly_id",
   "type": "string",
   "doc": "the alert, '' when it is about a scope"
  },
  {
   "name": "pattern",
   "type": {
    "type": "map",
    "values": "string"
   },
   "doc": "kind, and dimensions of an alert's scope, to values with * for any text; all must match"
  },
  {
   "name": "until",
   "type": [
    "null",
    {
     "type": "long",
     "logicalType": "timestamp-millis"
    }
   ],
   "doc": "when it ends by itself; null never"
  },
  {
   "name": "reason",
   "type": "string"
  },
  {
   "name": "by",
   "type": "string",
   "doc": "who said so"
  },
  {
   "name": "at",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   }
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const alertActionEarlierSchemas: readonly object[] = [];

const AlertActionKindSymbols: readonly AlertActionKind[] = ["acknowledge","mute","withdraw"];
const AlertActionKindIndices: ReadonlyMap<string, number> = new Map(AlertActionKindSymbols.map((symbol, index) => [symbol, index]));

export function readAlertAction(input: AvroInput): AlertAction {
  return {
    action_key: input.string(),
    action: input.symbol(AlertActionKindSymbols),
    anomaly_id: input.string(),
    pattern: input.map((input) => input.string()),
    until: input.present() ? input.long() : null,
    reason: input.string(),
    by: input.string(),
    at: input.long(),
  };
}

export function writeAlertAction(output: AvroOutput, event: AlertAction): void {
  output.string(event.action_key);
  output.symbol(AlertActionKindIndices, event.action);
  output.string(event.anomaly_id);
  output.map(event.pattern, (output, item) => output.string(item));
  if (event.until === null) output.long(0);
  else {
    output.long(1);
    output.long(event.until);
  }
  output.string(event.reason);
  output.string(event.by);
  output.long(event.at);
}
