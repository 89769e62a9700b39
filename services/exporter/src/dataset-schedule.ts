import { WeirError } from '@weir/kernel';
import type { Dataset } from './datasets/dataset.ts';
import type { ExportContext } from './hour/export-context.ts';
import { exportHour } from './hour/export-hour.ts';
import { readChangedHours, readFirstHour, warehouseNow } from './hour/ledger.ts';
import { HOUR_MS, isoTime } from './hour.ts';
import type { Chain } from './manifest/chain.ts';
import type { ExportState, Manifest } from './manifest/manifest.ts';

type Reason = 'scheduled' | 'late_rows';

/** An insert becomes visible some time after its `inserted_at`: so far back the ledger is looked at again. */
const OVERLAP_MS = 10 * 60_000;

export interface ScheduleEvents {
  onPublished(manifest: Manifest): void;
  /** An hour that cannot be revised; the others go on. */
  onRefused(error: WeirError): void;
}

/**
 * Publishes the hours of one dataset in order, and hours again that got late rows. Where it stands is in the store: a new
 * process reads it from the newest publication.
 */
export class DatasetSchedule {
  readonly #context: ExportContext;
  readonly #dataset: Dataset;
  readonly #chain: Chain;
  readonly #events: ScheduleEvents;
  /** Hours before this are not exported; undefined: since the first row. */
  readonly #from: number | undefined;
  #next: number | undefined;
  #lateCheckedTo: number | undefined;

  constructor(
    context: ExportContext,
    dataset: Dataset,
    chain: Chain,
    options: ScheduleEvents & { readonly from: number | undefined },
  ) {
    this.#context = context;
    this.#dataset = dataset;
    this.#chain = chain;
    this.#events = options;
    this.#from = options.from;
  }

  /** Forgets what it knows: the next pass reads it from the store. */
  reset(): void {
    this.#next = undefined;
    this.#lateCheckedTo = undefined;
  }

  /** Hours that are due before `limit` and not published. */
  behind(limit: number): number {
    return this.#next === undefined ? 0 : Math.max(0, (limit - this.#next) / HOUR_MS);
  }

  /** Publishes every hour that ends at or before `limit`, then revises what got late rows. @throws WeirError. */
  async run(limit: number, watermark: number | undefined): Promise<void> {
    await this.#load();
    while (this.#next !== undefined && this.#next < limit && !this.#context.signal.aborted) {
      await this.#exportOrRefuse(this.#next, 'scheduled', watermark);
      this.#next += HOUR_MS;
    }
    if (this.#next !== undefined) await this.#revise(this.#next, watermark);
  }

  async #load(): Promise<void> {
    const { warehouse } = this.#context;
    if (this.#lateCheckedTo === undefined) {
      const head = await this.#chain.head();
      const state = head?.manifest.state;
      // With a chain that nobody has checked for late rows, everything in it is looked at.
      const unchecked = head === undefined ? await warehouseNow(warehouse) : 0;
      this.#next = state?.next_hour ? Date.parse(state.next_hour) : this.#from;
      this.#lateCheckedTo = state?.late_checked_to ? Date.parse(state.late_checked_to) : unchecked;
    }
    // A table without rows is asked again each time; the store is not.
    this.#next ??= await readFirstHour(warehouse, this.#dataset.sources);
  }

  async #revise(before: number, watermark: number | undefined): Promise<void> {
    const { warehouse, signal } = this.#context;
    const now = await warehouseNow(warehouse);
    const since = Math.max(0, (this.#lateCheckedTo ?? 0) - OVERLAP_MS);
    const hours = await readChangedHours(warehouse, this.#dataset.sources, since, before);
    for (const hour of hours) {
      if (signal.aborted) return;
      const wanted = this.#from === undefined || hour >= this.#from;
      if (wanted) await this.#exportOrRefuse(hour, 'late_rows', watermark);
    }
    this.#lateCheckedTo = now;
  }

  /** An hour that cannot be replaced must not hold up the others. */
  async #exportOrRefuse(hour: number, reason: Reason, watermark: number | undefined): Promise<void> {
    try {
      await this.#export(hour, reason, watermark);
    } catch (error) {
      if (!(WeirError.is(error) && error.code === 'EXPORT_SHRANK')) throw error;
      this.#events.onRefused(error);
    }
  }

  async #export(hour: number, reason: Reason, watermark: number | undefined): Promise<void> {
    const outcome = await exportHour(this.#context, {
      dataset: this.#dataset,
      chain: this.#chain,
      hour,
      reason,
      watermark,
      stateAfter: (before) => this.#stateAfter(before, reason === 'scheduled' ? hour + HOUR_MS : undefined),
    });
    if (outcome.kind === 'published') this.#events.onPublished(outcome.manifest);
  }

  /** Both fields only rise, whoever publishes. */
  #stateAfter(before: ExportState, next: number | undefined): ExportState {
    const checked = this.#lateCheckedTo === undefined ? null : isoTime(this.#lateCheckedTo);
    return {
      next_hour: later(before.next_hour, next === undefined ? null : isoTime(next)),
      late_checked_to: later(before.late_checked_to, checked),
    };
  }
}

/** ISO texts of one form sort as the moments do. */
const later = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;
