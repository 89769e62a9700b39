import { type PriceBook, priceInstants } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import { type BookedCall, bookedCall, CALL_SELECT, PRICED_AT, PRICED_BY_BOOK } from './booked-call.ts';
import { type Chunk, IN_SCOPE, type RowScope } from './plan-chunks.ts';

/** The rows of a chunk, as parameters of IN_SCOPE, and the instants that cut its time into spans of one price. */
export interface ChunkParams {
  readonly from: number;
  readonly to: number;
  readonly models: readonly string[];
  readonly instants: readonly number[];
}

export function chunkParams(book: PriceBook, chunk: Chunk, { models }: RowScope): ChunkParams {
  const instants = priceInstants(book, chunk.fromMs, chunk.maxAtMs);
  return { from: chunk.fromMs, to: chunk.toMs, models, instants };
}

/** `["<uuid>",` in front of what decides the price. */
const ID_START = 2;
const ID_END = 38;
const REST_START = 40;
/** Different calls remembered at a time: traffic that repeats itself is priced once. At most some 20 MiB. */
const CALLS_REMEMBERED = 20_000;
/** Rows after which it is known whether traffic repeats itself. */
const LOOKS = 4_000;

/**
 * Every row of a chunk that a book prices, with what `price` makes of it. Rows alike in everything that decides a price
 * are priced once: what is left of a row without its id is compared as text, and time by spans in which no price changes.
 */
export async function* pricedRows<Priced>(
  warehouse: Warehouse,
  params: ChunkParams,
  price: (call: BookedCall, at: number) => Priced,
): AsyncGenerator<{ readonly requestId: string; readonly priced: Priced }> {
  const { instants } = params;
  const result = await warehouse.query(
    `SELECT request_id, toUInt32(arrayFirstIndex(x -> x > ${PRICED_AT}, {instants:Array(Int64)})), ${CALL_SELECT}
     FROM requests FINAL WHERE ${PRICED_BY_BOOK} AND ${IN_SCOPE}`,
    { params: { ...params }, format: 'JSONCompactEachRow', settings: { output_format_json_quote_64bit_integers: 0 } },
  );
  const known = new Map<string, Priced>();
  let [looked, found] = [0, 0];
  const text = result.text();
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const requestId = text.slice(start + ID_START, start + ID_END);
    // Traffic in which nothing repeats is not worth remembering.
    const remembers = looked < LOOKS || found * 8 > looked;
    const rest = remembers ? text.slice(start + REST_START, end) : '';
    let priced = remembers ? known.get(rest) : undefined;
    looked += 1;
    if (priced === undefined) {
      const [, span, ...columns] = JSON.parse(text.slice(start, end)) as [string, number, ...unknown[]];
      // Before the first instant that is later, or after all of them.
      const at = span === 0 ? Math.max(params.to, instants.at(-1) ?? 0) : (instants[span - 1] ?? 0) - 1;
      priced = price(bookedCall(columns), at);
      if (known.size >= CALLS_REMEMBERED) known.clear();
      if (remembers) known.set(rest, priced);
    } else found += 1;
    start = end + 1;
    yield { requestId, priced };
  }
}
