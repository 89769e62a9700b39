import type { Assignment, LogRecord, StoredRecord } from '@weir/event-log';
import type { CostEvent } from '@weir/events';
import { untilAccepted } from '@weir/kernel';
import { CostReader, type CostReaderOptions } from './cost-reader.ts';

export interface CostFollowerDependencies extends CostReaderOptions {
  /** The oldest offset of a partition of weir.costs that is still there. */
  startOffset(partition: number): Promise<number>;
  /** Called with each ledger row, in order. */
  take(event: CostEvent, record: StoredRecord): void;
  /** What the rows taken since the last call come to, for `append`. */
  records(): LogRecord[];
  /** Resolves when the records are durable. */
  append(records: readonly LogRecord[]): Promise<unknown>;
  /** Called when everything that is there has been read, about once in `waitMs`. */
  onIdle?(signal: AbortSignal): Promise<void>;
  readonly waitMs: number;
}

const READ_LIMITS = { maxRecords: 1_000, maxBytes: 16 * 1024 * 1024 };
/** So that one batch does not keep the process from its other work. */
const YIELD_EVERY = 64;

/**
 * First stage of what is counted over all partitions of weir.costs, one for each of them: read, drop repeats, append what
 * counts to an internal topic, commit. A crash between append and commit repeats records; the second stage knows them by
 * their offset. The commit metadata keeps the high-water mark of `source_offset`.
 */
export async function followCosts(assignment: Assignment, dependencies: CostFollowerDependencies): Promise<void> {
  const reader = new CostReader(dependencies, readMark(assignment.committed?.metadata ?? ''));
  await remember(assignment, reader, dependencies);
  while (!assignment.signal.aborted) {
    const records = await assignment.read({ ...READ_LIMITS, waitMs: dependencies.waitMs });
    const last = records.at(-1);
    if (last === undefined) {
      await dependencies.onIdle?.(assignment.signal);
      continue;
    }
    for (const [index, record] of records.entries()) {
      const event = reader.take(record);
      if (event !== undefined) dependencies.take(event, record);
      if (index % YIELD_EVERY === YIELD_EVERY - 1) await new Promise(setImmediate);
    }
    const batch = dependencies.records();
    if (batch.length > 0) await untilAccepted(() => dependencies.append(batch), assignment.signal);
    if (assignment.signal.aborted) return;
    await assignment.commit(last.offset + 1, `b1:${reader.highWater}`);
  }
}

/** Reads the ids of the records before the position again: a restart knows the same repeats as if it had not been. */
async function remember(
  assignment: Assignment,
  reader: CostReader,
  dependencies: CostFollowerDependencies,
): Promise<void> {
  if (assignment.committed === null) return;
  const position = assignment.committed.offset;
  const oldest = await dependencies.startOffset(assignment.partition);
  let next = Math.max(oldest, position - dependencies.idsRemembered);
  assignment.seek(next);
  while (next < position && !assignment.signal.aborted) {
    const records = await assignment.read({ ...READ_LIMITS, waitMs: 0 });
    for (const record of records) if (record.offset < position) reader.remember(record);
    next = (records.at(-1)?.offset ?? position) + 1;
  }
  assignment.seek(position);
}

const readMark = (metadata: string): number => Number(/^b1:(-?\d+)$/.exec(metadata)?.[1] ?? -1);
