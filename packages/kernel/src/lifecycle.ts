import { WeirError } from './errors.ts';

/** Something started: the value others use and the one way to end it. */
export interface Started<T> {
  readonly value: T;
  /** Finishes accepted work, then releases. A second call is a no-op that awaits the first. */
  stop(): Promise<void>;
}

/**
 * Collects releasers and runs them in reverse, each once; the first error is kept and thrown after all have run.
 * A start that fails half-way calls `stop()` to roll back.
 */
export class Releasers {
  #steps: { readonly name: string; readonly release: () => Promise<void> | void }[] = [];
  #stopping: Promise<void> | undefined;

  add(name: string, release: () => Promise<void> | void): void {
    if (this.#stopping !== undefined) throw new WeirError('WEIR_ASSERTION', `added "${name}" after stop`);
    this.#steps.push({ name, release });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    let first: unknown;
    for (const step of this.#steps.reverse()) {
      try {
        await step.release();
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  }
}
