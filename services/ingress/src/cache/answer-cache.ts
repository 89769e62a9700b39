import { errorCode } from '@weir/kernel';
import type { CachedAnswer, CacheKey, ResponseCache } from '@weir/response-cache';
import type { IngressMetrics } from '../ingress-metrics.ts';
import type { IngressDependencies } from '../ports.ts';

/** What a look-up came to: an answer; leave to fetch it for all who wait; or to fetch it for oneself. */
export type Found = { readonly answer: CachedAnswer } | { readonly lease: Lease } | 'alone';

/** The duty of the one call that fetches what others wait for. */
export interface Lease {
  /** Stores the answer and gives it to those who wait; undefined lets them fetch for themselves. Once. */
  settle(answer: CachedAnswer | undefined): void;
}

interface Waiter {
  readonly done: (found: Found) => void;
  readonly timer: NodeJS.Timeout;
}

export interface LookUp {
  readonly key: CacheKey;
  /** How long it waits for another call that fetches the same. */
  readonly waitMs: number;
  /** False for an answer that the client could not read. */
  readonly fits: (answer: CachedAnswer) => boolean;
  /** Called once, later, unless the look-up was cancelled. */
  readonly done: (found: Found) => void;
}

/**
 * The cache as a call sees it: looks up, and lets one of several equal calls fetch what none has yet. A cache that fails
 * is a miss. Calls that wait are calls in flight, so there are never more than those (I7).
 */
export class AnswerCache {
  readonly #store: ResponseCache;
  readonly #dependencies: IngressDependencies;
  readonly #metrics: IngressMetrics;
  readonly #flights = new Map<string, Set<Waiter>>();

  constructor(store: ResponseCache, dependencies: IngressDependencies, metrics: IngressMetrics) {
    this.#store = store;
    this.#dependencies = dependencies;
    this.#metrics = metrics;
  }

  /** Returns how to cancel it. */
  lookUp(lookUp: LookUp): () => void {
    let cancelled = false;
    let leaveFlight = (): void => undefined;
    void this.#stored(lookUp.key).then((answer) => {
      if (cancelled) return;
      if (answer !== undefined && lookUp.fits(answer)) lookUp.done({ answer });
      else leaveFlight = this.#join(lookUp);
    });
    return () => {
      cancelled = true;
      leaveFlight();
    };
  }

  async #stored(key: CacheKey): Promise<CachedAnswer | undefined> {
    try {
      return await this.#store.get(key, this.#dependencies.clock.now());
    } catch (error) {
      this.#failed(error, 'a cached answer could not be read: the call goes to the provider');
      return undefined;
    }
  }

  #join({ key, waitMs, fits, done }: LookUp): () => void {
    const id = JSON.stringify([key.gateway, key.account, key.name, key.chosen]);
    const flight = this.#flights.get(id);
    if (flight === undefined) {
      this.#flights.set(id, new Set());
      done({ lease: { settle: (answer) => this.#settle(id, key, answer) } });
      return () => undefined;
    }
    const waiter: Waiter = {
      done: (found) => done(typeof found === 'object' && 'answer' in found && !fits(found.answer) ? 'alone' : found),
      timer: setTimeout(() => {
        flight.delete(waiter);
        done('alone');
      }, waitMs),
    };
    flight.add(waiter);
    return () => {
      clearTimeout(waiter.timer);
      flight.delete(waiter);
    };
  }

  #settle(id: string, key: CacheKey, answer: CachedAnswer | undefined): void {
    const waiters = [...(this.#flights.get(id) ?? [])];
    this.#flights.delete(id);
    if (answer !== undefined) void this.#keep(key, answer);
    for (const { done, timer } of waiters) {
      clearTimeout(timer);
      done(answer === undefined ? 'alone' : { answer });
    }
  }

  async #keep(key: CacheKey, answer: CachedAnswer): Promise<void> {
    try {
      await this.#store.set(key, answer);
    } catch (error) {
      this.#failed(error, 'an answer could not be cached');
    }
  }

  #failed(error: unknown, message: string): void {
    const code = errorCode(error);
    this.#metrics.cacheFailures.inc({ code });
    this.#dependencies.logger.warn({ code }, message);
  }
}
