import type { StoredRecord } from '@weir/event-log';
import type { EventCodec } from '@weir/events';
import type { InsertTable } from '@weir/warehouse';
import type { TableLoad } from './table-load.ts';

/** An Avro body without its frame, ready to be copied into an Avro file as it is. */
export interface AvroRow {
  readonly body: Uint8Array;
  readonly mark: number | undefined;
}

export interface AvroLoadOptions<Event> {
  readonly topic: string;
  readonly group: string;
  readonly table: InsertTable;
  readonly codec: EventCodec<Event>;
  /** @throws when the event cannot be a row. */
  validate?(event: Event, record: StoredRecord): void;
  sourceMark?(event: Event): number;
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
        const event = codec.decode(record.value);
        options.validate?.(event, record);
        const row = { body: record.value.subarray(frame.bodyStart), mark: options.sourceMark?.(event) };
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
  return options.sourceMark === undefined ? load : { ...load, sourceMark: (row) => row.mark ?? -1 };
}
