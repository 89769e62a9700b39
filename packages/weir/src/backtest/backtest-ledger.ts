import { type DetectedAlert, Detection } from '@weir/anomaly';
import type { Warehouse } from '@weir/warehouse';
import { readSightings, type SightingWindow } from '../detection/read-sightings.ts';
import type { BacktestProgress } from './backtest-events.ts';

export interface LedgerBacktestOptions {
  readonly warehouse: Warehouse;
  readonly window: SightingWindow;
  readonly clockOffset: (tenant: string, ts: number) => number;
  readonly onAlert: (detected: DetectedAlert) => void;
  /** Called about twice a second. */
  readonly onProgress: (progress: BacktestProgress) => void;
  readonly signal: AbortSignal;
}

const LOOK_EVERY = 4_096;
const PROGRESS_MS = 500;

/** Runs the detector over a window of the ledger, in event time, by the path on which a new detector learns. */
export async function backtestLedger(options: LedgerBacktestOptions): Promise<BacktestProgress> {
  const { warehouse, window, clockOffset, onAlert, onProgress, signal } = options;
  const detection = new Detection({ lateMs: 0, tenantClock: clockOffset });
  const began = performance.now();
  let told = began;
  let events = 0;
  let alerts = 0;
  let ts = 0;
  const progress = (): BacktestProgress => {
    return { events, late: 0, alerts, ts, seconds: (performance.now() - began) / 1_000 };
  };
  const tell = (): void => {
    for (const detected of detection.takeAlerts()) {
      alerts += 1;
      onAlert(detected);
    }
  };
  await readSightings(
    warehouse,
    window,
    (sighting) => {
      detection.learn(sighting);
      ts = sighting.ts;
      events += 1;
      tell();
      if (events % LOOK_EVERY !== 0 || performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      onProgress(progress());
    },
    signal,
  );
  return progress();
}
