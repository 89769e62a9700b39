import { backoffMs, type Clock, errorCode, type Started, sleep, systemClock } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import type { Logger, Metrics } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import { DatasetSchedule } from './dataset-schedule.ts';
import type { DatasetName } from './datasets/dataset.ts';
import { datasetOf } from './datasets/datasets.ts';
import { createExportMetrics } from './export-metrics.ts';
import type { ExportContext, FileLimits } from './hour/export-context.ts';
import { startOfHour } from './hour.ts';
import { Chain } from './manifest/chain.ts';
import type { ExportFormat } from './manifest/manifest.ts';
import { sweep } from './sweep.ts';
import type { Watermark } from './watermark.ts';

export interface ExporterConfig {
  readonly datasets: readonly DatasetName[];
  readonly format: ExportFormat;
  readonly limits: FileLimits;
  /** How long after its end an hour waits for requests that were still running, ms. */
  readonly lagMs: number;
  /** Pause between two looks at what is due, ms. */
  readonly intervalMs: number;
  /** Hours before this are not exported; undefined: since the first row of the ledger. */
  readonly from: number | undefined;
  readonly graceMs: number;
  /** Pause after a failure, doubling with each. Default from 2 s to 5 min. */
  readonly retry?: { readonly baseMs: number; readonly capMs: number };
}

export interface ExporterDependencies {
  readonly store: ObjectStore;
  readonly warehouse: Warehouse;
  readonly watermark: Watermark;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly clock?: Clock;
}

const RETRY = { baseMs: 2_000, capMs: 300_000 };

/**
 * Starts the exporter: every interval it publishes the hours that are due. A destination that cannot be used is logged
 * with what to do, counted, and tried again; nothing else of Weir waits for it.
 */
export function startExporter(config: ExporterConfig, dependencies: ExporterDependencies): Started<void> {
  const stopping = new AbortController();
  const running = new ExportLoop(config, dependencies, stopping.signal).run();
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { value: undefined, stop };
}

class ExportLoop {
  readonly #config: ExporterConfig;
  readonly #dependencies: ExporterDependencies;
  readonly #signal: AbortSignal;
  readonly #context: ExportContext;
  readonly #metrics: ReturnType<typeof createExportMetrics>;
  readonly #lines: readonly { readonly chain: Chain; readonly schedule: DatasetSchedule }[];
  #checked = false;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(config: ExporterConfig, dependencies: ExporterDependencies, signal: AbortSignal) {
    const { store, warehouse, version, logger, clock = systemClock } = dependencies;
    const { format, limits, graceMs, from } = config;
    this.#config = config;
    this.#dependencies = dependencies;
    this.#signal = signal;
    this.#context = { store, warehouse, clock, format, limits, graceMs, version, signal };
    this.#metrics = createExportMetrics(dependencies.metrics);
    this.#lines = config.datasets.map((name) => {
      const chain = new Chain(store, name);
      const schedule = new DatasetSchedule(this.#context, datasetOf(name), chain, {
        from,
        onPublished: (manifest) => {
          this.#metrics.published(manifest);
          const { dataset, window, revision, totals } = manifest;
          logger.info({ dataset, hour: window.from, revision, ...totals }, 'hour exported');
        },
        onRefused: (error) => {
          this.#metrics.failed(name, error.code);
          logger.error({ dataset: name, error }, 'an hour keeps its published files');
        },
      });
      return { chain, schedule };
    });
  }

  async run(): Promise<void> {
    for (let failures = 0; !this.#signal.aborted; ) {
      const failed = await this.#pass();
      failures = failed ? failures + 1 : 0;
      const retry = this.#config.retry ?? RETRY;
      // Full jitter may be next to nothing: at least a quarter of the base.
      const pauseMs = failed ? retry.baseMs / 4 + backoffMs(failures, retry) : this.#config.intervalMs;
      await sleep(pauseMs, this.#signal);
    }
  }

  /** True when something failed. */
  async #pass(): Promise<boolean> {
    const { watermark, clock = systemClock } = this.#dependencies;
    if (!(await this.#try('all', () => this.#check()))) return true;
    const answer: { closed?: number | undefined } = {};
    const asked = await this.#try('all', async () => {
      answer.closed = await watermark.closedBefore();
    });
    if (!asked) return true;
    const { closed } = answer;
    if (closed === undefined) return false;
    this.#metrics.watermarkLag((clock.now() - closed) / 1_000);
    const limit = startOfHour(closed - this.#config.lagMs);
    let failed = false;
    for (const { chain, schedule } of this.#lines) {
      const { dataset } = chain;
      const done = await this.#try(dataset, () => schedule.run(limit, closed));
      this.#metrics.behind(dataset, schedule.behind(limit));
      if (done) continue;
      schedule.reset();
      failed = true;
    }
    if (!failed) await this.#sweep();
    return failed;
  }

  async #check(): Promise<void> {
    if (this.#checked) return;
    const { store, logger } = this.#dependencies;
    const { conditionalWrites } = await store.check();
    if (!conditionalWrites) {
      logger.warn(
        { store: store.location },
        'the store ignores conditions: run one exporter and no back-fill beside it',
      );
    }
    logger.info({ store: store.location, datasets: this.#config.datasets }, 'exporting');
    this.#checked = true;
  }

  async #sweep(): Promise<void> {
    const { store } = this.#dependencies;
    const { clock, graceMs } = this.#context;
    if (clock.monotonic() - this.#sweptAt < graceMs / 4) return;
    this.#sweptAt = clock.monotonic();
    for (const { chain } of this.#lines) {
      await this.#try(chain.dataset, async () => this.#metrics.swept(chain.dataset, await sweep(this.#context, chain)));
    }
    await this.#try('all', async () => void (await store.removeLeftovers(graceMs)));
  }

  async #try(dataset: DatasetName | 'all', work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (this.#signal.aborted) return true;
      this.#metrics.failed(dataset, errorCode(error));
      this.#dependencies.logger.error({ dataset, error }, 'export failed; it will be tried again');
      return false;
    }
  }
}
