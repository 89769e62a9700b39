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

/** A call that fetches, and who waits for it. */
interface Flight {
  readonly waiters: Set<Waiter>;
  /** Until it is stored: a call that comes right after the one that fetched it is a hit. */
  answer?: CachedAnswer;
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
  readonly #flights = new Map<string, Flight>();

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
    const settled = this.#flights.get(idOf(key))?.answer;
    if (settled !== undefined) return settled;
    try {
      return await this.#store.get(key, this.#dependencies.clock.now());
    } catch (error) {
      this.#failed(error, 'a cached answer could not be read: the call goes to the provider');
      return undefined;
    }
  }

  #join({ key, waitMs, fits, done }: LookUp): () => void {
    const id = idOf(key);
    const flight = this.#flights.get(id);
    if (flight === undefined) {
      this.#flights.set(id, { waiters: new Set() });
      done({ lease: { settle: (answer) => this.#settle(id, key, answer) } });
      return () => undefined;
    }
    if (flight.answer !== undefined) {
      done(fits(flight.answer) ? { answer: flight.answer } : 'alone');
      return () => undefined;
    }
    const { waiters } = flight;
    const waiter: Waiter = {
      done: (found) => done(typeof found === 'object' && 'answer' in found && !fits(found.answer) ? 'alone' : found),
      timer: setTimeout(() => {
        waiters.delete(waiter);
        done('alone');
      }, waitMs),
    };
    waiters.add(waiter);
    return () => {
      clearTimeout(waiter.timer);
      waiters.delete(waiter);
    };
  }

  #settle(id: string, key: CacheKey, answer: CachedAnswer | undefined): void {
    const flight = this.#flights.get(id);
    const waiters = [...(flight?.waiters ?? [])];
    flight?.waiters.clear();
    if (flight === undefined || answer === undefined) this.#flights.delete(id);
    else {
      flight.answer = answer;
      void this.#keep(key, answer).then(() => this.#flights.delete(id));
    }
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

const idOf = ({ gateway, account, name, chosen }: CacheKey): string => JSON.stringify([gateway, account, name, chosen]);
