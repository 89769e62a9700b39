// Generated from schemas/dead-letter.avsc by `pnpm generate`. Change the schema, not this file.

import type { AvroInput } from '../avro/avro-input.ts';
import type { AvroOutput } from '../avro/avro-output.ts';

/** A record that could not be handled, whole, with the reason. Topic weir.dead-letters. */
export interface DeadLetter {
  /** when it was given up */
  readonly ts: number;
  /** who gave it up */
  readonly service: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: null | string;
  readonly headers: Readonly<Record<string, string>>;
  /** the record as it was */
  readonly value: Buffer;
  readonly error_code: string;
  readonly error_message: string;
  /** 16 hex digits of the writer's schema, '' when unreadable */
  readonly schema_fingerprint: string;
  readonly weir_version: string;
}

export const deadLetterSchema = {
 "type": "record",
 "name": "DeadLetter",
 "namespace": "weir",
 "doc": "A record that could not be handled, whole, with the reason. Topic weir.dead-letters.",
 "fields": [
  {
   "name": "ts",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   },
   "doc": "when it was given up"
  },
  {
   "name": "service",
   "type": "string",
   "doc": "who gave it up"
  },
  {
   "name": "topic",
   "type": "string"
  },
  {
   "name": "partition",
   "type": "int"
  },
  {
   "name": "offset",
   "type": "long"
  },
  {
   "name": "key",
   "type": [
    "null",
    "string"
   ]
  },
  {
   "name": "headers",
   "type": {
    "type": "map",
    "values": "string"
   }
  },
  {
   "name": "value",
   "type": "bytes",
   "doc": "the record as it was"
  },
  {
   "name": "error_code",
   "type": "string"
  },
  {
   "name": "error_message",
   "type": "string"
  },
  {
   "name": "schema_fingerprint",
   "type": "string",
   "doc": "16 hex digits of the writer's schema, '' when unreadable"
  },
  {
   "name": "weir_version",
   "type": "string"
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const deadLetterEarlierSchemas: readonly object[] = [];

export function readDeadLetter(input: AvroInput): DeadLetter {
  return {
    ts: input.long(),
    service: input.string(),
    topic: input.string(),
    partition: input.int(),
    offset: input.long(),
    key: input.present() ? input.string() : null,
    headers: input.map((input) => input.string()),
    value: input.bytes(),
    error_code: input.string(),
    error_message: input.string(),
    schema_fingerprint: input.string(),
    weir_version: input.string(),
  };
}

export function writeDeadLetter(output: AvroOutput, event: DeadLetter): void {
  output.long(event.ts);
  output.string(event.service);
  output.string(event.topic);
  output.int(event.partition);
  output.long(event.offset);
  if (event.key === null) output.long(0);
  else {
    output.long(1);
    output.string(event.key);
  }
  output.map(event.headers, (output, item) => output.string(item));
  output.bytes(event.value);
  output.string(event.error_code);
  output.string(event.error_message);
  output.string(event.schema_fingerprint);
  output.string(event.weir_version);
}
