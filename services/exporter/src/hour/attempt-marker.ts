import { randomBytes } from 'node:crypto';
import { WeirError } from '@weir/kernel';
import type { DatasetName } from '../datasets/dataset.ts';
import { markerKey } from '../manifest/layout.ts';
import type { ExportContext } from './export-context.ts';

/**
 * An object that says "files of this hour are in the making": written before the first file, renewed while the attempt
 * lives, removed when nothing of it needs sweeping. Whoever finds an old one sweeps its hour (sweep.ts).
 */
export class AttemptMarker {
  readonly attempt = randomBytes(4).toString('hex');
  readonly #context: ExportContext;
  readonly #key: string;
  #timer: NodeJS.Timeout | undefined;
  #renewed = 0;

  constructor(context: ExportContext, dataset: DatasetName, hour: number) {
    this.#context = context;
    this.#key = markerKey(dataset, hour, this.attempt);
  }

  async start(): Promise<void> {
    await this.#renew();
    // A renewal that fails is noticed by `check`.
    this.#timer = setInterval(() => void this.#renew().catch(() => undefined), this.#context.graceMs / 4);
    this.#timer.unref();
  }

  /** @throws WeirError `EXPORT_STALLED` when the marker may have looked dead to others. */
  check(): void {
    const silentMs = this.#context.clock.monotonic() - this.#renewed;
    if (silentMs < this.#context.graceMs / 2) return;
    throw new WeirError('EXPORT_STALLED', `attempt ${this.attempt} stood still for ${Math.round(silentMs)} ms`, {
      retriable: true,
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async remove(): Promise<void> {
    this.stop();
    await this.#context.store.delete(this.#key);
  }

  async #renew(): Promise<void> {
    const startedAt = this.#context.clock.monotonic();
    await this.#context.store.put(this.#key, Buffer.from(`${this.attempt}\n`), 'always');
    this.#renewed = startedAt;
  }
}
