import { hash } from 'node:crypto';
import { createCodec, decodeBody, EVENTS } from '@weir/events';
import type { TableLoad } from './table-load.ts';

/** One row of weir.payloads, as JSON. */
export interface PayloadRow {
  readonly request_id: string;
  /** `2026-11-24 15:00:00.000`, UTC. */
  readonly ts: string;
  readonly account: string;
  readonly gateway: string;
  readonly provider: string;
  /** Hash of the first bytes of the request: bodies that start alike lie together and compress well. */
  readonly prefix_fp: string;
  readonly request_body: string;
  readonly response_body: string;
  readonly request_sha256: string;
  readonly response_sha256: string;
  readonly truncated: boolean;
  readonly retention_days: number;
}

/** System prompts stand at the start of a body; this much tells templates apart. */
const PREFIX_BYTES = 512;
const GAP = '\n… [middle not captured] …\n';

function bodyText(head: Buffer, tail: Buffer, bytes: number, encoding: string): string {
  const body = decodeBody({ head, tail, bytes }, encoding);
  return body.tail.length === 0
    ? body.head.toString('utf8')
    : `${body.head.toString('utf8')}${GAP}${body.tail.toString('utf8')}`;
}

/** Loads the bodies of weir.requests into weir.payloads; events whose bodies were switched off leave no trace (I8). */
export function createPayloadLoad(group: string, retentionDays: number): TableLoad<PayloadRow> {
  const codec = createCodec('request');
  return {
    topic: EVENTS.request.topic,
    group,
    table: 'payloads',
    toRow(record) {
      try {
        const event = codec.decode(record.value);
        if (event.payload === 'off' || event.payload === 'dropped') return { kind: 'skip', reason: 'no_payload' };
        const row: PayloadRow = {
          request_id: event.request_id,
          ts: new Date(event.ts).toISOString().replace('T', ' ').slice(0, 23),
          account: event.account,
          gateway: event.gateway,
          provider: event.provider,
          prefix_fp: hash('sha256', event.request_head.subarray(0, PREFIX_BYTES), 'hex').slice(0, 16),
          request_body: bodyText(event.request_head, event.request_tail, event.request_bytes, event.request_encoding),
          response_body: bodyText(
            event.response_head,
            event.response_tail,
            event.response_bytes,
            event.response_encoding,
          ),
          request_sha256: event.request_sha256,
          response_sha256: event.response_sha256,
          truncated: event.payload === 'truncated',
          retention_days: retentionDays,
        };
        return { kind: 'row', row, fingerprint: '' };
      } catch {
        // The cost service reads the same topic and buries what cannot be read: once is enough.
        return { kind: 'skip', reason: 'no_payload' };
      }
    },
    bytesOf: (row) => row.request_body.length + row.response_body.length + 256,
    toInsert: (rows) => ({ kind: 'json', values: rows.map(({ row }) => ({ ...row })) }),
  };
}
