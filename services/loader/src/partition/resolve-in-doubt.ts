import type { Assignment } from '@weir/event-log';
import { WeirError } from '@weir/kernel';
import { type Range, RangeBuilder } from '../range/range.ts';
import { NO_PROGRESS, type Progress, readSeal, type Seal, writeSeal } from '../range/seal.ts';
import { insertRange } from './insert-range.ts';
import type { Linger } from './linger.ts';
import type { LoadDependencies } from './load-dependencies.ts';

export interface LoadPosition {
  readonly offset: number;
  readonly progress: Progress;
}

const READ = { maxRecords: 5_000, maxBytes: 8 * 1024 * 1024, waitMs: 1_000 };
/** Times that rows which should have landed are inserted anew before somebody has to look. */
const RENEWALS = 5;

/** Where to load on: settles first what the member before may or may not have inserted (I3). */
export async function resolveInDoubt<Row>(
  assignment: Assignment,
  dependencies: LoadDependencies<Row>,
  linger: Linger,
): Promise<LoadPosition> {
  const { committed } = assignment;
  if (committed === null) return { offset: 0, progress: NO_PROGRESS };
  const { seal, progress } = readSeal(committed.metadata);
  if (seal === null) return { offset: committed.offset, progress };
  const range = await rebuild(assignment, dependencies, seal, { offset: committed.offset, progress });
  if (range === undefined) return { offset: committed.offset, progress };
  await dependencies.bury(range.dead);
  await land(range, seal, assignment, dependencies, linger);
  dependencies.onResolved(range);
  assignment.seek(seal.end + 1);
  await assignment.commit(seal.end + 1, writeSeal(null, range.progress));
  return { offset: seal.end + 1, progress: range.progress };
}

/** Reads exactly the sealed records again; undefined when the assignment ends first. */
async function rebuild<Row>(
  assignment: Assignment,
  { load }: LoadDependencies<Row>,
  seal: Seal,
  from: LoadPosition,
): Promise<Range<Row> | undefined> {
  const known = { kind: 'known', leftOut: new Set(seal.leftOut) } as const;
  const builder = new RangeBuilder(load, from.offset, from.progress, known);
  const end = await assignment.endOffset();
  for (let next = from.offset; next <= seal.end && !assignment.signal.aborted; ) {
    const records = await assignment.read(READ);
    for (const record of records) {
      if (record.offset <= seal.end && !builder.offer(record)) throw mixedRange(assignment, seal.end);
    }
    const last = records.at(-1)?.offset;
    // Offsets may have gaps: past the end of the log, what the seal names beyond is not there any more.
    next = last === undefined ? (end <= seal.end ? seal.end + 1 : next) : last + 1;
  }
  return assignment.signal.aborted ? undefined : { ...builder.build(), end: seal.end };
}

/**
 * Brings a rebuilt range into the ledger. The token decides while the warehouse remembers it; else the ledger's own
 * lineage does. After the insert the lineage is counted: an engine that noted the token and died before it kept the
 * rows (MergeTree writes its deduplication log first) takes the retry for a repeat, and gets them under a new token.
 */
async function land<Row>(
  range: Range<Row>,
  seal: Seal,
  assignment: Assignment,
  dependencies: LoadDependencies<Row>,
  linger: Linger,
): Promise<void> {
  const { countRows } = dependencies;
  if (countRows === undefined || range.rows.length === 0) {
    await insertRange(range, assignment, dependencies, linger);
    return;
  }
  const present = (): Promise<number> => countRows(assignment.partition, range.start, range.end);
  const remembered = await dependencies.remembersTokenOf(seal.sealedAtMs);
  if (!remembered && (await present()) >= range.rows.length) return;
  let taken = await insertRange(range, assignment, dependencies, linger);
  for (let renewal = 1; (await present()) < taken; renewal += 1) {
    if (renewal > RENEWALS) throw notLanding(assignment, range);
    taken = await insertRange(range, assignment, dependencies, linger, `~${renewal}`);
  }
}

const placeOf = (assignment: Assignment): string => `${assignment.topic}/${assignment.partition}`;

const notLanding = (assignment: Assignment, range: { readonly start: number; readonly end: number }): WeirError =>
  new WeirError(
    'LOADER_RANGE_NOT_LANDING',
    `${placeOf(assignment)} ${range.start}-${range.end}: inserted, but the rows are not there`,
    { fix: 'Look at the warehouse: rows may have been dropped (TTL, DROP PARTITION) or are not visible yet.' },
  );

const mixedRange = (assignment: Assignment, end: number): WeirError =>
  new WeirError('LOADER_MIXED_RANGE', `${placeOf(assignment)}: sealed range to ${end} has two schemas`, {
    fix: 'The log was changed behind the loader. Restore it, or reset the group of this partition.',
  });
