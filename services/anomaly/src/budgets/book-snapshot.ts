import type { BudgetBook } from '@weir/detectors';
import type { Assignment, LogRecord, Position } from '@weir/event-log';
import { WeirError } from '@weir/kernel';
import { decodeBudgetLogRecord, encodeSnapshotPart } from './budget-log-codec.ts';

/** Well below the 1 MB that a Kafka broker takes by default. */
const PART_BYTES = 256 * 1024;
const READ_LIMITS = { maxRecords: 200, maxBytes: 8 * 1024 * 1024, waitMs: 1_000 };

/**
 * A snapshot is a run of records in the book's own log, behind the records it sums up; the commit of the offset it
 * reaches (`through`) names where it lies. A commit is fenced, so only the owner's snapshots are ever used, and nothing
 * removes records behind a committed offset.
 */
export interface SnapshotPlace {
  readonly id: string;
  readonly offset: number;
  readonly count: number;
}

export const placeToMetadata = ({ id, offset, count }: SnapshotPlace): string => `b1:${offset}:${count}:${id}`;

function placeFromMetadata(metadata: string): SnapshotPlace | undefined {
  const match = /^b1:(\d+):(\d+):(.+)$/.exec(metadata);
  return match === null ? undefined : { offset: Number(match[1]), count: Number(match[2]), id: match[3] ?? '' };
}

/** Appends the book's state as of `through`; resolves when it is durable. */
export async function writeSnapshot(
  book: BudgetBook,
  place: { readonly id: string; readonly through: number },
  append: (records: readonly LogRecord[]) => Promise<readonly Position[]>,
): Promise<SnapshotPlace> {
  const parts = splitByBytes(book.snapshot(), PART_BYTES);
  const records = parts.map((values, index): LogRecord => {
    const value = encodeSnapshotPart({ ...place, index, count: parts.length, values });
    return { key: 'snapshot', value, partition: 0 };
  });
  const positions = await append(records);
  return { id: place.id, offset: positions[0]?.offset ?? 0, count: parts.length };
}

/**
 * Restores the book from the snapshot that the commit names, and moves to the record after it was taken.
 * @throws WeirError `BUDGET_SNAPSHOT_LOST`.
 */
export async function restoreBook(book: BudgetBook, assignment: Assignment): Promise<void> {
  const { committed } = assignment;
  const place = placeFromMetadata(committed?.metadata ?? '');
  if (committed === null || place === undefined) return;
  const parts = new Map<number, readonly unknown[]>();
  const end = await assignment.endOffset();
  let next = place.offset;
  assignment.seek(next);
  while (parts.size < place.count && !assignment.signal.aborted) {
    if (next >= end) throw lost(place, parts.size);
    const records = await assignment.read(READ_LIMITS);
    for (const record of records) {
      // Other writers' records may lie between the parts.
      const decoded = decodeBudgetLogRecord(record.value);
      if (decoded.kind === 'snapshot' && decoded.id === place.id) parts.set(decoded.index, decoded.values);
    }
    next = (records.at(-1)?.offset ?? end) + 1;
  }
  if (assignment.signal.aborted) return;
  book.restore(Array.from({ length: place.count }, (_, index) => parts.get(index) ?? []).flat());
  assignment.seek(committed.offset);
}

const lost = (place: SnapshotPlace, found: number): WeirError =>
  new WeirError('BUDGET_SNAPSHOT_LOST', `snapshot ${place.id} at ${place.offset}: ${found} of ${place.count} parts`, {
    fix: 'Restore the log directory, or reset the group weir-budget-book.',
  });

function splitByBytes(values: readonly unknown[], limit: number): unknown[][] {
  const parts: unknown[][] = [[]];
  let bytes = 0;
  for (const value of values) {
    const size = JSON.stringify(value).length;
    if (bytes > 0 && bytes + size > limit) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(value);
    bytes += size;
  }
  return parts;
}
