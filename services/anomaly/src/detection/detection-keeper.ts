import type { Assignment, LogRecord, Position } from '@weir/event-log';
import { type Clock, untilAccepted } from '@weir/kernel';
import { decodeAnomalyLogRecord } from './anomaly-log-codec.ts';
import { type DetectedAlert, Detection, type DetectionOptions } from './detection.ts';
import { placeToMetadata, restoreDetection, stateBytes, writeSnapshot } from './detection-snapshot.ts';
import type { Sighting } from './sighting.ts';

/** Attempts of the past, to learn from when there is no state. */
export interface SightingHistory {
  /**
   * Calls `learn` with each attempt in the order of their times, and resolves with the highest offset of each partition of
   * weir.costs that it has told everything up to.
   */
  read(learn: (sighting: Sighting) => void, signal: AbortSignal): Promise<ReadonlyMap<number, number>>;
}

export interface DetectionKeeperDependencies extends DetectionOptions {
  /** Least time between two snapshots while something changes, ms. */
  readonly snapshotMs: number;
  readonly clock: Clock;
  readonly history: SightingHistory | undefined;
  /** Appends to weir.anomaly-log; resolves when durable. */
  append(records: readonly LogRecord[]): Promise<readonly Position[]>;
  /** Resolves when the events are durable in their topic. */
  publish(alerts: readonly DetectedAlert[]): Promise<unknown>;
  /** What it began from, and how many attempts of the past it has learnt from. */
  onStarted(how: 'restored' | 'new' | 'new_form', learnt: number): void;
  onHistoryFailed(error: unknown): void;
  /** Called with the detection that is kept, and with undefined when it is handed over. */
  onDetection(detection: Detection | undefined): void;
}

const READ_LIMITS = { maxRecords: 64, maxBytes: 8 * 1024 * 1024 };
const READ_WAIT_MS = 250;
/** Snapshots take no more than this share of the time. */
const SNAPSHOT_SHARE = 0.05;

/**
 * Second stage of detection, one in the whole installation (weir.anomaly-log has one partition): restore the snapshot, or
 * learn from the warehouse; replay what came after; read on. Alerts are published before the offset behind them is
 * committed, so a crash repeats them, the same to the byte: they are a function of the log.
 */
export async function runDetectionKeeper(
  assignment: Assignment,
  dependencies: DetectionKeeperDependencies,
): Promise<void> {
  const keeper = new DetectionKeeper(assignment, dependencies);
  try {
    await keeper.begin();
    while (!assignment.signal.aborted) await keeper.turn();
  } finally {
    dependencies.onDetection(undefined);
  }
}

class DetectionKeeper {
  readonly #assignment: Assignment;
  readonly #dependencies: DetectionKeeperDependencies;
  #detection: Detection;
  /** The next offset to be read; what the state holds is everything before it. */
  #through: number;
  #snapshotThrough: number;
  #snapshotDue: number;

  constructor(assignment: Assignment, dependencies: DetectionKeeperDependencies) {
    this.#assignment = assignment;
    this.#dependencies = dependencies;
    this.#detection = new Detection(dependencies);
    this.#through = assignment.committed?.offset ?? 0;
    this.#snapshotThrough = this.#through;
    this.#snapshotDue = dependencies.clock.monotonic() + dependencies.snapshotMs;
  }

  async begin(): Promise<void> {
    const { onStarted, onDetection } = this.#dependencies;
    const restored = await restoreDetection(this.#detection, this.#assignment);
    if (this.#assignment.signal.aborted) return;
    if (restored === 'restored') onStarted('restored', 0);
    else {
      if (restored === 'unusable') this.#detection = new Detection(this.#dependencies);
      const learnt = await this.#learn();
      if (this.#assignment.signal.aborted) return;
      // Before anything is published: what follows is a function of this beginning.
      await this.#save();
      onStarted(restored === 'none' ? 'new' : 'new_form', learnt);
    }
    onDetection(this.#detection);
  }

  async turn(): Promise<void> {
    const { clock } = this.#dependencies;
    const records = await this.#assignment.read({ ...READ_LIMITS, waitMs: READ_WAIT_MS });
    for (const record of records) {
      const decoded = decodeAnomalyLogRecord(record.value);
      this.#detection.take(decoded, record.timestampMs);
      const saved = this.#snapshotThrough === this.#through;
      this.#through = record.offset + 1;
      // A snapshot changes nothing, so one alone is no reason for another.
      if (saved && decoded.kind === 'snapshot') this.#snapshotThrough = this.#through;
      // So that a replay does not keep the process from its other work.
      if (decoded.kind === 'sightings') await new Promise(setImmediate);
    }
    await this.#publish();
    const due = clock.monotonic() >= this.#snapshotDue;
    if (due && this.#through > this.#snapshotThrough && !this.#assignment.signal.aborted) await this.#save();
  }

  async #learn(): Promise<number> {
    const { history, onHistoryFailed } = this.#dependencies;
    if (history === undefined) return 0;
    let learnt = 0;
    try {
      const marks = await history.read((sighting) => {
        learnt += 1;
        this.#detection.learn(sighting);
      }, this.#assignment.signal);
      this.#detection.endLearning(marks);
      return learnt;
    } catch (error) {
      // Half a past teaches half days: none is better.
      this.#detection = new Detection(this.#dependencies);
      if (!this.#assignment.signal.aborted) onHistoryFailed(error);
      return 0;
    }
  }

  async #publish(): Promise<void> {
    const alerts = this.#detection.takeAlerts();
    if (alerts.length > 0) await untilAccepted(() => this.#dependencies.publish(alerts), this.#assignment.signal);
  }

  async #save(): Promise<void> {
    const { append, clock, snapshotMs } = this.#dependencies;
    const { signal, generation } = this.#assignment;
    const began = clock.monotonic();
    const through = this.#through;
    const state = stateBytes(this.#detection);
    const write = async (): Promise<void> => {
      const place = await writeSnapshot(state, { id: `${generation}-${through}`, through }, append);
      await this.#assignment.commit(through, placeToMetadata(place));
    };
    await untilAccepted(write, signal);
    this.#snapshotThrough = through;
    const now = clock.monotonic();
    this.#snapshotDue = now + Math.max(snapshotMs, (now - began) / SNAPSHOT_SHARE);
  }
}
