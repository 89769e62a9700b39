import { type PriceBook, priceInstants } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import {
  type BookedCall,
  bookedCall,
  KEY_ANY,
  KEY_HASH,
  KEY_SELECT,
  PRICED_AT,
  PRICED_BY_BOOK,
} from './booked-call.ts';
import { type Chunk, IN_SCOPE, type RowScope } from './plan-chunks.ts';

/** Rows of a chunk that are alike in everything that decides a price. */
export interface CallGroup {
  /** 128-bit hash of the key columns, decimal. */
  readonly key: string;
  readonly rows: number;
  /** When one of them is priced; between two instants of the book it does not matter which. */
  readonly at: number;
  readonly call: BookedCall;
}

/**
 * The rows of a chunk with the hash of what decides their price, as a subquery: `columns` more of each. Parameters as
 * `chunkParams` gives them. The hash is SipHash of 128 bits: two that differ do not meet in it.
 */
export const hashedRows = (columns = ''): string => `(
  SELECT ${KEY_SELECT}${columns}, ${PRICED_AT} AS at,
    toUInt32(arrayFirstIndex(x -> x > at, {instants:Array(Int64)})) AS period, ${KEY_HASH} AS key
  FROM requests FINAL WHERE ${PRICED_BY_BOOK} AND ${IN_SCOPE}
)`;

/** @param atMs a moment to price all rows by; undefined = each by its own. */
export function chunkParams(book: PriceBook, chunk: Chunk, { models }: RowScope, atMs?: number) {
  const instants = atMs === undefined ? priceInstants(book, chunk.fromMs, chunk.maxAtMs) : [];
  return { from: chunk.fromMs, to: chunk.toMs, models, instants };
}

/** The groups of a chunk: what has to be priced once each. */
export async function readCalls(
  warehouse: Warehouse,
  params: ReturnType<typeof chunkParams>,
): Promise<readonly CallGroup[]> {
  const result = await warehouse.query(
    `SELECT toString(key), toUInt32(count()), toFloat64(any(at)), ${KEY_ANY} FROM ${hashedRows()} AS r GROUP BY key`,
    { params, format: 'JSONCompactEachRow', settings: { output_format_json_quote_64bit_integers: 0 } },
  );
  const text = result.text().trimEnd();
  if (text === '') return [];
  return text.split('\n').map((line) => {
    const [key, rows, at, ...columns] = JSON.parse(line) as [string, number, number, ...unknown[]];
    return { key, rows, at, call: bookedCall(columns) };
  });
}
