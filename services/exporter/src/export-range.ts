import { backoffMs, sleep, WeirError } from '@weir/kernel';
import type { DatasetName } from './datasets/dataset.ts';
import { datasetOf } from './datasets/datasets.ts';
import type { ExportContext } from './hour/export-context.ts';
import { exportHour, type HourOutcome } from './hour/export-hour.ts';
import { HOUR_MS, hoursOf, type Window } from './hour.ts';
import { Chain } from './manifest/chain.ts';
import { hourTitle } from './manifest/layout.ts';
import { sweep } from './sweep.ts';

export interface RangeRequest {
  readonly datasets: readonly DatasetName[];
  readonly window: Window;
  readonly watermark: number | undefined;
  onProgress(progress: RangeProgress): void;
}

export interface RangeProgress {
  /** Hours of all datasets together. */
  readonly done: number;
  readonly of: number;
  /** `requests 2026-11-22T14`. */
  readonly title: string;
  /** `kept`: the ledger has fewer rows than the export, which stays. */
  readonly outcome: HourOutcome | { readonly kind: 'kept' };
}

export interface RangeSummary {
  published: number;
  current: number;
  overtaken: number;
  kept: number;
  rows: number;
  bytes: number;
}

const RETRY = { baseMs: 200, capMs: 10_000 };
const ATTEMPTS = 6;

/** Publishes every hour of a window that is not published as the ledger has it; hour by hour, dataset by dataset. */
export async function exportRange(context: ExportContext, request: RangeRequest): Promise<RangeSummary> {
  const { datasets, window, onProgress } = request;
  const summary: RangeSummary = { published: 0, current: 0, overtaken: 0, kept: 0, rows: 0, bytes: 0 };
  const of = ((window.to - window.from) / HOUR_MS) * datasets.length;
  let done = 0;
  for (const name of datasets) {
    const chain = new Chain(context.store, name);
    for (const hour of hoursOf(window)) {
      const outcome = await exportOne(context, request, chain, hour);
      summary[outcome.kind] += 1;
      if (outcome.kind === 'published') {
        summary.rows += outcome.manifest.totals.rows;
        summary.bytes += outcome.manifest.totals.bytes;
      }
      done += 1;
      onProgress({ done, of, title: hourTitle(name, hour), outcome });
    }
    await sweep(context, chain);
  }
  return summary;
}

async function exportOne(
  context: ExportContext,
  { watermark }: RangeRequest,
  chain: Chain,
  hour: number,
): Promise<RangeProgress['outcome']> {
  const dataset = datasetOf(chain.dataset);
  // Whatever the schedule has reached stays its own business.
  const hourRequest = {
    dataset,
    chain,
    hour,
    reason: 'back_fill',
    watermark,
    stateAfter: <S>(before: S) => before,
  } as const;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await exportHour(context, hourRequest);
    } catch (error) {
      if (WeirError.is(error) && error.code === 'EXPORT_SHRANK') return { kind: 'kept' };
      const again = WeirError.is(error) && error.retriable && attempt + 1 < ATTEMPTS && !context.signal.aborted;
      if (!again) throw error;
      await sleep(backoffMs(attempt, RETRY), context.signal);
    }
  }
}
