import type { StoredRecord } from '@weir/event-log';
import type { RowIdentity, TableLoad } from '../tables/table-load.ts';
import { type Range, RangeBuilder } from './range.ts';
import { LEFT_OUT_TEXT_MAX, type Progress, writeOffsets } from './seal.ts';

/** The ids, of those given, that the ledger holds. */
export type KnownIds = (identities: readonly RowIdentity[]) => Promise<ReadonlySet<string>>;

export interface Settled<Row> {
  readonly range: Range<Row>;
  /** Records that did not fit into the seal's list any more: they begin the next range. */
  readonly rest: readonly StoredRecord[];
}

/**
 * Leaves out of a range what the ledger holds already, or what the range itself holds twice (I3). What was left out
 * goes into the seal, so that a restart rebuilds the same range although the ledger has changed since.
 */
export async function settleSuspects<Row>(
  load: TableLoad<Row>,
  before: Progress,
  range: Range<Row>,
  knownIds: KnownIds,
): Promise<Settled<Row>> {
  const { identity } = load;
  if (range.suspects.size === 0 || identity === undefined) return { range, rest: [] };
  const suspects = range.rows.filter(({ offset }) => range.suspects.has(offset));
  const known = await knownIds(suspects.map(({ row }) => identity(row)));
  const seen = new Set<string>();
  const leftOut: number[] = [];
  for (const { row, offset } of range.rows) {
    const { id } = identity(row);
    if (range.suspects.has(offset) && (known.has(id) || seen.has(id))) leftOut.push(offset);
    seen.add(id);
  }
  const fitting = howManyFit(leftOut);
  const cutAt = leftOut[fitting] ?? Number.POSITIVE_INFINITY;
  const kept = new RangeBuilder(load, range.start, before, { kind: 'known', leftOut: new Set(leftOut) });
  for (const record of range.records) if (record.offset < cutAt) kept.offer(record);
  return { range: kept.build(), rest: range.records.filter(({ offset }) => offset >= cutAt) };
}

/** How many of the offsets the seal can name. */
function howManyFit(offsets: readonly number[]): number {
  let count = offsets.length;
  while (writeOffsets(offsets.slice(0, count)).length > LEFT_OUT_TEXT_MAX) count = Math.floor(count / 2);
  return count;
}
