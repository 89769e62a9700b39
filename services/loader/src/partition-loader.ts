import type { Assignment, StoredRecord } from '@weir/event-log';
import type { Dead } from '@weir/events';
import { backoffMs, type Clock, sleep, WeirError } from '@weir/kernel';
import type { InsertBatch } from '@weir/warehouse';
import { type Range, RangeBuilder } from './range.ts';
import { rangeToken, readSeal, writeSeal } from './seal.ts';
import type { TableLoad } from './table-load.ts';

export interface LoadLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Longest wait for a batch to fill, ms. */
  readonly lingerMs: number;
}

export interface PartitionLoaderDependencies<Row> {
  readonly load: TableLoad<Row>;
  readonly limits: LoadLimits;
  readonly clock: Clock;
  /** Back-off of inserts that the warehouse refuses for a passing reason. */
  readonly retry: { readonly baseMs: number; readonly capMs: number };
  insert(batch: InsertBatch): Promise<void>;
  /** Resolves when the dead letters are durable. */
  bury(dead: readonly Dead[]): Promise<void>;
  onLoaded(range: Range<Row>, tookMs: number): void;
  onRetry(error: unknown, token: string, attempt: number): void;
}

const READ_BYTES = 8 * 1024 * 1024;
const READ_RECORDS = 5_000;

/**
 * Loads one partition, effectively once (I3; reference: warehouse.md §2.3):
 *
 *   collect N..E ─▶ bury the dead ─▶ SEAL commit(N, "E may have landed") ─▶ INSERT under token N-E ─▶ next
 *        ▲                                   │ fenced: discard, insert nothing            │ retried until it lands
 *        └────── a restart finds the seal: rebuild exactly N..E, insert under the same token, go on
 *
 * The advance past E is folded into the next seal, or committed by itself when the log is quiet.
 */
export async function runPartitionLoader<Row>(
  assignment: Assignment,
  dependencies: PartitionLoaderDependencies<Row>,
): Promise<void> {
  let position = await resolveInDoubt(assignment, dependencies);
  let advanced = true;
  let carried: readonly StoredRecord[] = [];
  while (!assignment.signal.aborted) {
    const builder = new RangeBuilder(dependencies.load, position.offset, position.highWater);
    carried = await collect(builder, carried, assignment, dependencies, advanced);
    if (builder.isEmpty) {
      if (!advanced) await assignment.commit(position.offset, writeSeal(null, position.highWater));
      advanced = true;
      continue;
    }
    if (assignment.signal.aborted) break;
    const range = builder.build();
    await dependencies.bury(range.dead);
    const seal = { end: range.end, fingerprint: range.fingerprint, highWater: position.highWater };
    await assignment.commit(range.start, writeSeal(seal, position.highWater));
    await insertRange(range, assignment, dependencies);
    position = { offset: range.end + 1, highWater: range.highWater };
    advanced = false;
  }
  if (!advanced) await assignment.commit(position.offset, writeSeal(null, position.highWater));
}

interface LoadPosition {
  readonly offset: number;
  readonly highWater: number;
}

async function resolveInDoubt<Row>(
  assignment: Assignment,
  dependencies: PartitionLoaderDependencies<Row>,
): Promise<LoadPosition> {
  const committed = assignment.committed;
  if (committed === null) return { offset: 0, highWater: -1 };
  const { seal, highWater } = readSeal(committed.metadata);
  if (seal === null) return { offset: committed.offset, highWater };
  const builder = new RangeBuilder(dependencies.load, committed.offset, seal.highWater);
  const end = await assignment.endOffset();
  for (let next = committed.offset; next <= seal.end && !assignment.signal.aborted; ) {
    const records = await assignment.read({ maxRecords: READ_RECORDS, maxBytes: READ_BYTES, waitMs: 1_000 });
    for (const record of records) {
      if (record.offset <= seal.end && !builder.offer(record)) throw mixedRange(assignment, seal.end);
    }
    const last = records.at(-1)?.offset;
    // Offsets may have gaps: past the end of the log, what the seal names beyond is not there any more.
    next = last === undefined ? (end <= seal.end ? seal.end + 1 : next) : last + 1;
  }
  if (assignment.signal.aborted) return { offset: committed.offset, highWater: seal.highWater };
  const range = { ...builder.build(), end: seal.end };
  await dependencies.bury(range.dead);
  await insertRange(range, assignment, dependencies);
  assignment.seek(seal.end + 1);
  await assignment.commit(seal.end + 1, writeSeal(null, range.highWater));
  return { offset: seal.end + 1, highWater: range.highWater };
}

const mixedRange = (assignment: Assignment, end: number): WeirError =>
  new WeirError(
    'LOADER_MIXED_RANGE',
    `${assignment.topic}/${assignment.partition}: sealed range to ${end} has two schemas`,
    {
      fix: 'The log was changed behind the loader. Restore it, or reset the group of this partition.',
    },
  );

/** Fills the builder; returns the records of the last read that belong to the next range. */
async function collect<Row>(
  builder: RangeBuilder<Row>,
  carried: readonly StoredRecord[],
  assignment: Assignment,
  dependencies: PartitionLoaderDependencies<Row>,
  idle: boolean,
): Promise<readonly StoredRecord[]> {
  const { limits, clock } = dependencies;
  let waiting = carried;
  let deadline: number | undefined;
  while (!assignment.signal.aborted) {
    for (const [index, record] of waiting.entries()) {
      if (!builder.offer(record)) return waiting.slice(index);
      if (builder.isFull(limits)) return waiting.slice(index + 1);
    }
    if (!builder.isEmpty) deadline ??= clock.monotonic() + limits.lingerMs;
    const waitMs = deadline === undefined ? (idle ? 1_000 : limits.lingerMs) : deadline - clock.monotonic();
    if (deadline !== undefined && waitMs <= 0) return [];
    waiting = await assignment.read({ maxRecords: READ_RECORDS, maxBytes: READ_BYTES, waitMs: Math.ceil(waitMs) });
    if (waiting.length === 0 && deadline === undefined) return [];
  }
  return [];
}

/** Inserts until it lands: identical rows under one token, jittered back-off, no cap on attempts (I3, I7). */
async function insertRange<Row>(
  range: Range<Row>,
  assignment: Assignment,
  dependencies: PartitionLoaderDependencies<Row>,
): Promise<void> {
  const { load, clock } = dependencies;
  const startedAt = clock.monotonic();
  if (range.rows.length > 0) {
    const token = rangeToken(assignment.topic, assignment.partition, range.start, range.end);
    const rows = load.toInsert(range.rows, range.fingerprint);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await dependencies.insert({ table: load.table, token, rows });
        break;
      } catch (error) {
        if (!(WeirError.is(error) && error.retriable) || assignment.signal.aborted) throw error;
        dependencies.onRetry(error, token, attempt);
        await sleep(backoffMs(attempt, dependencies.retry), assignment.signal);
      }
    }
  }
  dependencies.onLoaded(range, clock.monotonic() - startedAt);
}
