import type { StoredRecord } from '@weir/event-log';
import type { EventCodec } from '@weir/events';
import type { InsertTable } from '@weir/warehouse';
import type { RowIdentity, TableLoad } from './table-load.ts';

/** An Avro body without its frame, ready to be copied into an Avro file as it is. */
export interface AvroRow {
  readonly body: Uint8Array;
  readonly facts: LedgerFacts | undefined;
}

/** What the ledger needs to know of a row to take it once. */
export interface LedgerFacts extends RowIdentity {
  readonly mark: number;
}

export interface AvroLoadOptions<Event> {
  readonly topic: string;
  readonly group: string;
  readonly table: InsertTable;
  readonly codec: EventCodec<Event>;
  /** @throws when the event cannot be a row. */
  validate?(event: Event, record: StoredRecord): void;
  ledgerFacts?(event: Event): LedgerFacts;
}

/** Loads a topic whose events have the columns of a table: bodies go through undecoded, once they have been checked. */
export function createAvroLoad<Event>(options: AvroLoadOptions<Event>): TableLoad<AvroRow> {
  const { codec } = options;
  const load: TableLoad<AvroRow> = {
    topic: options.topic,
    group: options.group,
    table: options.table,
    toRow(record) {
      let fingerprint = '';
      try {
        const frame = codec.frameOf(record.value);
        fingerprint = frame.fingerprint;
        const event = codec.decodeInPlace(record.value);
        options.validate?.(event, record);
        const row = { body: record.value.subarray(frame.bodyStart), facts: options.ledgerFacts?.(event) };
        return { kind: 'row', row, fingerprint };
      } catch (error) {
        return { kind: 'dead', error, fingerprint };
      }
    },
    bytesOf: (row) => row.body.byteLength,
    toInsert: (rows, fingerprint) => ({
      kind: 'avro',
      schema: codec.schemaOf(fingerprint),
      bodies: rows.map(({ row }) => row.body),
      partition: rows[0]?.partition ?? 0,
      offsets: rows.map((row) => row.offset),
    }),
  };
  if (options.ledgerFacts === undefined) return load;
  return { ...load, sourceMark: (row) => facts(row).mark, identity: (row) => facts(row) };
}

function facts({ facts: known }: AvroRow): LedgerFacts {
  if (known === undefined) throw new Error('a row of the ledger without its facts');
  return known;
}
