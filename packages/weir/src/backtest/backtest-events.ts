import { type AnomalyAlert, AnomalyDetector, EventIds, EventLineReader, newEvent } from '@weir/detectors';
import { readLines } from './read-lines.ts';

export interface BacktestOptions {
  readonly file: string;
  readonly onAlert: (alert: AnomalyAlert) => void;
  /** Called about twice a second. */
  readonly onProgress: (progress: BacktestProgress) => void;
  readonly signal: AbortSignal;
}

export interface BacktestProgress {
  readonly events: number;
  readonly alerts: number;
  /** Event time that has been reached. */
  readonly ts: number;
  readonly seconds: number;
}

const LOOK_EVERY = 16_384;
const PROGRESS_MS = 500;

/** Runs the detector over a file of priced events, in event time. */
export async function backtestEvents({
  file,
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
    onAlert: (alert) => {
      alerts += 1;
      onAlert(alert);
    },
  });
  const event = newEvent();
  const began = performance.now();
  let told = began;
  const progress = (): BacktestProgress => ({
    events,
    alerts,
    ts: event.ts,
    seconds: (performance.now() - began) / 1_000,
  });
  await readLines(
    file,
    (bytes, start, end) => {
      reader.read(bytes, start, end, event);
      detector.observe(event);
      events += 1;
      if (events % LOOK_EVERY !== 0 || performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      onProgress(progress());
    },
    signal,
  );
  return progress();
}
