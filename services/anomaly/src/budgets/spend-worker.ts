import { type Budget, type BudgetEntry, type BudgetMatch, dimensionOf, matchBudget } from '@weir/detectors';
import type { Assignment, LogRecord, StoredRecord } from '@weir/event-log';
import { type CostEvent, type EventCodec, RESENT_HEADER } from '@weir/events';
import { untilAccepted } from '@weir/kernel';
import { encodeEntries } from './budget-log-codec.ts';
import { RecentIds } from './recent-ids.ts';

export interface SpendWorkerDependencies {
  readonly budgets: readonly Budget[];
  readonly codec: EventCodec<CostEvent>;
  /** How many of a partition's newest request ids are remembered, for records that are marked as sent again. */
  readonly idsRemembered: number;
  /** The oldest offset of a partition of weir.costs that is still there. */
  startOffset(partition: number): Promise<number>;
  /** Appends to weir.budget-log; resolves when durable. */
  append(records: readonly LogRecord[]): Promise<unknown>;
  /** A record that counts against no budget because it is a repeat or cannot be a ledger row. */
  onIgnored(reason: IgnoredReason, record: StoredRecord): void;
}

export type IgnoredReason = 'repeated' | 'resent' | 'unreadable' | 'invalid';

const READ_LIMITS = { maxRecords: 1_000, maxBytes: 16 * 1024 * 1024, waitMs: 1_000 };
const ENTRIES_PER_RECORD = 250;
/** So that one batch does not keep the process from its other work. */
const YIELD_EVERY = 64;
const DAY_MS = 86_400_000;
/** What the loader does not take as a row is not counted either: budgets and ledger add up to the same. */
const SKEW_MS_MAX = 7 * DAY_MS;
const COST_MAX = 100_000n * 10n ** 12n;

/**
 * First stage, one for each partition of weir.costs: read, drop repeats, match against the budgets, append what counts
 * to weir.budget-log, commit. A crash between append and commit repeats entries; the second stage knows them by their
 * offset. The commit metadata keeps the high-water mark of `source_offset`, by which repeats of the cost service are known.
 */
export async function runSpendWorker(assignment: Assignment, dependencies: SpendWorkerDependencies): Promise<void> {
  const reader = new SpendReader(dependencies, readMark(assignment.committed?.metadata ?? ''));
  await remember(assignment, reader, dependencies);
  while (!assignment.signal.aborted) {
    const records = await assignment.read(READ_LIMITS);
    const last = records.at(-1);
    if (last === undefined) continue;
    const entries: BudgetEntry[] = [];
    for (const [index, record] of records.entries()) {
      const entry = reader.take(record);
      if (entry !== undefined) entries.push(entry);
      if (index % YIELD_EVERY === YIELD_EVERY - 1) await new Promise(setImmediate);
    }
    const batch = recordsOf(assignment.partition, entries);
    if (batch.length > 0) await untilAccepted(() => dependencies.append(batch), assignment.signal);
    if (assignment.signal.aborted) return;
    await assignment.commit(last.offset + 1, `b1:${reader.highWater}`);
  }
}

/** Reads the ids of the records before the position again: a restart knows the same repeats as if it had not been. */
async function remember(
  assignment: Assignment,
  reader: SpendReader,
  dependencies: SpendWorkerDependencies,
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

function recordsOf(partition: number, entries: readonly BudgetEntry[]): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < entries.length; at += ENTRIES_PER_RECORD) {
    const value = encodeEntries(partition, entries.slice(at, at + ENTRIES_PER_RECORD));
    records.push({ key: String(partition), value, partition: 0 });
  }
  return records;
}

/** Turns the records of one partition, in order, into entries. */
class SpendReader {
  highWater: number;
  readonly #dependencies: SpendWorkerDependencies;
  readonly #recent: RecentIds;

  constructor(dependencies: SpendWorkerDependencies, highWater: number) {
    this.#dependencies = dependencies;
    this.#recent = new RecentIds(dependencies.idsRemembered);
    this.highWater = highWater;
  }

  remember(record: StoredRecord): void {
    // The key of a cost event is its request id.
    if (record.key !== null) this.#recent.add(record.key);
  }

  take(record: StoredRecord): BudgetEntry | undefined {
    const { onIgnored, codec } = this.#dependencies;
    const known = record.key !== null && this.#recent.has(record.key);
    this.remember(record);
    let event: CostEvent;
    try {
      event = codec.decode(record.value);
    } catch {
      // The loader reads the same topic and buries what cannot be read: once is enough.
      onIgnored('unreadable', record);
      return undefined;
    }
    if (event.source_offset <= this.highWater) {
      onIgnored('repeated', record);
      return undefined;
    }
    this.highWater = event.source_offset;
    if (known && record.headers[RESENT_HEADER] !== undefined) {
      onIgnored('resent', record);
      return undefined;
    }
    const cost = event.cost_usd ?? 0n;
    if (Math.abs(event.ts - record.timestampMs) > SKEW_MS_MAX || cost < 0n || cost >= COST_MAX) {
      onIgnored('invalid', record);
      return undefined;
    }
    const matches = this.#match(event);
    return matches.length === 0 ? undefined : entryOf(event, record, matches);
  }

  #match(event: CostEvent): BudgetMatch[] {
    const matches: BudgetMatch[] = [];
    for (const budget of this.#dependencies.budgets) {
      const values = matchBudget(budget, (dimension) => dimensionOf(event, dimension));
      if (values !== undefined) matches.push([budget.key, values]);
    }
    return matches;
  }
}

function entryOf(event: CostEvent, record: StoredRecord, matches: readonly BudgetMatch[]): BudgetEntry {
  return {
    partition: record.partition,
    offset: record.offset,
    requestId: event.request_id,
    ts: event.ts,
    cost: event.cost_usd,
    tokens: event.total_tokens,
    matches,
  };
}
