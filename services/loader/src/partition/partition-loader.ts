import type { Assignment, StoredRecord } from '@weir/event-log';
import { RangeBuilder } from '../range/range.ts';
import { RecentIds } from '../range/recent-ids.ts';
import { writeSeal } from '../range/seal.ts';
import { settleSuspects } from '../range/settle-suspects.ts';
import { insertRange } from './insert-range.ts';
import { Linger } from './linger.ts';
import type { LoadDependencies } from './load-dependencies.ts';
import { resolveInDoubt } from './resolve-in-doubt.ts';

const READ_BYTES = 8 * 1024 * 1024;
const READ_RECORDS = 5_000;
const IDLE_MS = 1_000;

/**
 * Loads one partition, effectively once (I3; reference: warehouse.md §2.3):
 *
 *   collect N..E ─▶ leave out what the ledger has ─▶ bury the dead ─▶ SEAL commit(N, "E may have landed") ─▶ INSERT
 *        ▲                                                               │ fenced: discard, insert nothing     │ until
 *        │        a restart finds the seal: rebuild exactly N..E,  ◀─────┘                                     │ it lands
 *        └─────── insert under the same token, go on           ◀────────────────────────────────────────────────┘
 *
 * One range is in flight at a time; the next is collected meanwhile. The advance past E is folded into the next seal,
 * or committed by itself when the log is quiet.
 */
export async function runPartitionLoader<Row>(
  assignment: Assignment,
  dependencies: LoadDependencies<Row>,
): Promise<void> {
  const { load, clock } = dependencies;
  const linger = new Linger(dependencies.limits.lingerMs);
  let position = await resolveInDoubt(assignment, dependencies, linger);
  const recent = new RecentIds();
  if (load.identity !== undefined) {
    const from = Math.max(0, position.offset - recent.capacity);
    for (const id of await dependencies.recentIds(assignment.partition, from)) recent.seen(id);
  }
  let inFlight: Promise<unknown> = Promise.resolve();
  let advanced = true;
  let carried: readonly StoredRecord[] = [];
  while (!assignment.signal.aborted) {
    const builder = new RangeBuilder(load, position.offset, position.progress, { kind: 'suspect', recent });
    const pace = { lingerMs: linger.ms, idleMs: advanced ? IDLE_MS : linger.ms };
    carried = await collect(builder, carried, assignment, dependencies, pace);
    await inFlight;
    if (builder.isEmpty) {
      if (!advanced) await assignment.commit(position.offset, writeSeal(null, position.progress));
      advanced = true;
      continue;
    }
    if (assignment.signal.aborted) break;
    const settled = await settleSuspects(load, position.progress, builder.build(), dependencies.knownIds);
    const { range } = settled;
    carried = [...settled.rest, ...carried];
    await dependencies.bury(range.dead);
    const { end, fingerprint, leftOut } = range;
    const seal = { end, fingerprint, leftOut, sealedAtMs: Math.floor(clock.now()) };
    await assignment.commit(range.start, writeSeal(seal, position.progress));
    inFlight = insertRange(range, assignment, dependencies, linger);
    // It is awaited above; until then its failure must not count as unhandled.
    inFlight.catch(() => undefined);
    position = { offset: range.end + 1, progress: range.progress };
    advanced = false;
  }
  await inFlight;
  if (!advanced) await assignment.commit(position.offset, writeSeal(null, position.progress));
}

interface Pace {
  /** Longest wait for the range to fill once it has a record. */
  readonly lingerMs: number;
  /** Longest wait for a first record. */
  readonly idleMs: number;
}

/** Fills the builder; returns the records of the last read that belong to the next range. */
async function collect<Row>(
  builder: RangeBuilder<Row>,
  carried: readonly StoredRecord[],
  assignment: Assignment,
  { limits, clock }: LoadDependencies<Row>,
  { lingerMs, idleMs }: Pace,
): Promise<readonly StoredRecord[]> {
  let waiting = carried;
  let deadline: number | undefined;
  while (!assignment.signal.aborted) {
    for (const [index, record] of waiting.entries()) {
      if (!builder.offer(record)) return waiting.slice(index);
      if (builder.isFull(limits)) return waiting.slice(index + 1);
    }
    if (!builder.isEmpty) deadline ??= clock.monotonic() + lingerMs;
    const waitMs = deadline === undefined ? idleMs : deadline - clock.monotonic();
    if (deadline !== undefined && waitMs <= 0) return [];
    waiting = await assignment.read({ maxRecords: READ_RECORDS, maxBytes: READ_BYTES, waitMs: Math.ceil(waitMs) });
    if (waiting.length === 0 && deadline === undefined) return [];
  }
  return [];
}
