import {
  type AnomalyAlert,
  AnomalyDetector,
  EventIds,
  EventLineReader,
  EventOrder,
  newEvent,
  type PricedEvent,
} from '@weir/detectors';
import { readLines } from './read-lines.ts';

export interface BacktestOptions {
  readonly file: string;
  /** How far the events of the file may be out of order. */
  readonly latenessMs: number;
  /** Milliseconds that the clock of a tenant is ahead of UTC at a moment. */
  readonly clockOffset: (tenant: string, ts: number) => number;
  readonly onAlert: (alert: AnomalyAlert) => void;
  /** Called about twice a second. */
  readonly onProgress: (progress: BacktestProgress) => void;
  readonly signal: AbortSignal;
}

export interface BacktestProgress {
  readonly events: number;
  /** Events that came later than is allowed: counted as of when they came. */
  readonly late: number;
  readonly alerts: number;
  /** Event time that has been reached. */
  readonly ts: number;
  readonly seconds: number;
}

const LOOK_EVERY = 16_384;
/** Events that wait for their turn, at most. */
const WAITING_MAX = 1_000_000;
const PROGRESS_MS = 500;

/** Runs the detector over a file of priced events, in event time. */
export async function backtestEvents({
  file,
  latenessMs,
  clockOffset,
  onAlert,
  onProgress,
  signal,
}: BacktestOptions): Promise<BacktestProgress> {
  const ids = new EventIds();
  const reader = new EventLineReader(ids);
  let alerts = 0;
  let events = 0;
  const detector = new AnomalyDetector({
    ids,
    clockOffset,
    onAlert: (alert) => {
      alerts += 1;
      onAlert(alert);
    },
  });
  const deliver = (ordered: PricedEvent): void => detector.observe(ordered);
  const order = new EventOrder({ latenessMs, waitingMax: WAITING_MAX, deliver });
  const event = newEvent();
  const began = performance.now();
  let told = began;
  const progress = (): BacktestProgress => ({
    events,
    late: order.late,
    alerts,
    ts: event.ts,
    seconds: (performance.now() - began) / 1_000,
  });
  await readLines(
    file,
    (bytes, start, end) => {
      reader.read(bytes, start, end, event);
      order.push(event);
      events += 1;
      if (events % LOOK_EVERY !== 0 || performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      onProgress(progress());
    },
    signal,
  );
  order.flush();
  return progress();
}
