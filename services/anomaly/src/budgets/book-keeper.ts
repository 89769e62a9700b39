import { type BookNotice, type Budget, type BudgetAlert, BudgetBook, type BudgetStanding } from '@weir/detectors';
import type { Assignment, LogRecord, Position, StoredRecord } from '@weir/event-log';
import { type Clock, untilAccepted } from '@weir/kernel';
import { placeToMetadata, restoreBook, writeSnapshot } from './book-snapshot.ts';
import { decodeBudgetLogRecord, encodeTick } from './budget-log-codec.ts';

export interface BookKeeperLimits {
  /** How long after its end a period takes late events, in event time, ms. */
  readonly lateMs: number;
  /** Longest wait before a changed state is published, ms. */
  readonly publishMs: number;
  /** Longest time between two snapshots while something changes, ms. */
  readonly snapshotMs: number;
}

export interface BookKeeperDependencies {
  readonly budgets: readonly Budget[];
  readonly limits: BookKeeperLimits;
  readonly clock: Clock;
  /** Appends to weir.budget-log; resolves when durable. */
  append(records: readonly LogRecord[]): Promise<readonly Position[]>;
  /** Resolve when the events are durable in their topics. */
  publishAlerts(alerts: readonly BudgetAlert[]): Promise<unknown>;
  publishStandings(standings: readonly BudgetStanding[]): Promise<unknown>;
  onNotices(notices: readonly BookNotice[]): void;
  /** Called with the book that is kept, and with undefined when it is handed over. */
  onBook(book: BudgetBook | undefined): void;
}

const READ_LIMITS = { maxRecords: 500, maxBytes: 8 * 1024 * 1024 };
const READ_WAIT_MS = 250;

/**
 * Second stage, one in the whole installation (weir.budget-log has one partition): restore the snapshot, replay what
 * came after it, then read on. Alerts and states are published before the offset behind them is committed, so a crash
 * repeats them, with the same ids, versions and content: the book is a function of the log.
 */
export async function runBookKeeper(assignment: Assignment, dependencies: BookKeeperDependencies): Promise<void> {
  const keeper = new BookKeeper(assignment, dependencies);
  try {
    await keeper.restore();
    while (!assignment.signal.aborted) await keeper.turn();
  } finally {
    dependencies.onBook(undefined);
  }
}

class BookKeeper {
  readonly #assignment: Assignment;
  readonly #dependencies: BookKeeperDependencies;
  readonly #book: BudgetBook;
  /** The next offset to be read; what the book holds is everything before it. */
  #through: number;
  #snapshotThrough: number;
  #publishedAt: number;
  #snapshotAt: number;
  /** The tick that was appended last, while it has not come back. */
  #awaitedTick: number | undefined;

  constructor(assignment: Assignment, dependencies: BookKeeperDependencies) {
    this.#assignment = assignment;
    this.#dependencies = dependencies;
    this.#book = new BudgetBook(dependencies.budgets, dependencies.limits);
    this.#through = assignment.committed?.offset ?? 0;
    this.#snapshotThrough = this.#through;
    this.#publishedAt = dependencies.clock.monotonic();
    this.#snapshotAt = this.#publishedAt;
  }

  async restore(): Promise<void> {
    await restoreBook(this.#book, this.#assignment);
    this.#dependencies.onBook(this.#book);
  }

  async turn(): Promise<void> {
    const { limits, clock, onNotices } = this.#dependencies;
    const waitMs = Math.min(READ_WAIT_MS, limits.publishMs);
    const records = await this.#assignment.read({ ...READ_LIMITS, waitMs });
    for (const record of records) this.#take(record);
    onNotices(this.#book.takeNotices());
    const alerts = this.#book.takeAlerts();
    const now = clock.monotonic();
    const due = alerts.length > 0 || now - this.#publishedAt >= limits.publishMs;
    if (due && (alerts.length > 0 || this.#book.hasChanged)) await this.#publish(alerts);
    // After an alert at once: a crash then repeats few of them.
    const moved = this.#through > this.#snapshotThrough;
    if (moved && (alerts.length > 0 || now - this.#snapshotAt >= limits.snapshotMs)) await this.#save();
    if (records.length === 0) await this.#tick();
  }

  #take(record: StoredRecord): void {
    const decoded = decodeBudgetLogRecord(record.value);
    if (decoded.kind === 'entries') for (const entry of decoded.entries) this.#book.count(entry, record.timestampMs);
    if (decoded.kind === 'tick') {
      this.#book.tick(decoded.now, record.timestampMs);
      if (decoded.now === this.#awaitedTick) this.#awaitedTick = undefined;
    }
    const saved = this.#snapshotThrough === this.#through;
    this.#through = record.offset + 1;
    // A snapshot changes nothing, so one alone is no reason for another.
    if (saved && decoded.kind === 'snapshot') this.#snapshotThrough = this.#through;
  }

  async #publish(alerts: readonly BudgetAlert[]): Promise<void> {
    const { publishAlerts, publishStandings, clock } = this.#dependencies;
    const { signal } = this.#assignment;
    const standings = this.#book.takeStandings();
    if (alerts.length > 0) await untilAccepted(() => publishAlerts(alerts), signal);
    if (standings.length > 0) await untilAccepted(() => publishStandings(standings), signal);
    this.#publishedAt = clock.monotonic();
  }

  async #save(): Promise<void> {
    const { append, clock } = this.#dependencies;
    const { signal, generation } = this.#assignment;
    if (this.#book.hasChanged) await this.#publish([]);
    if (signal.aborted) return;
    const through = this.#through;
    const id = `${generation}-${through}`;
    const write = async (): Promise<void> => {
      const place = await writeSnapshot(this.#book, { id, through }, append);
      await this.#assignment.commit(through, placeToMetadata(place));
    };
    await untilAccepted(write, signal);
    this.#snapshotThrough = through;
    this.#snapshotAt = clock.monotonic();
  }

  /** When time changes something and no record says so: write it into the log, so that a replay sees it too. */
  async #tick(): Promise<void> {
    const { clock, append } = this.#dependencies;
    const now = clock.now();
    if (this.#awaitedTick !== undefined || now < this.#book.dueAt) return;
    this.#awaitedTick = now;
    await untilAccepted(() => append([{ key: 'tick', value: encodeTick(now), partition: 0 }]), this.#assignment.signal);
  }
}
