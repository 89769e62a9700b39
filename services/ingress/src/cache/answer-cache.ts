import { errorCode } from '@weir/kernel';
import { type CachedAnswer, type CacheKey, keyText, type ResponseCache } from '@weir/response-cache';
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
  /** Called once, before `lookUp` returns or later, unless the look-up was cancelled. */
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
    const id = keyText(lookUp.key);
    const stored = this.#flights.get(id)?.answer ?? this.#stored(lookUp.key);
    if (!(stored instanceof Promise)) return this.#decide(id, lookUp, stored);
    let cancelled = false;
    let leaveFlight = NOTHING;
    void stored.then((answer) => {
      if (!cancelled) leaveFlight = this.#decide(id, lookUp, answer);
    });
    return () => {
      cancelled = true;
      leaveFlight();
    };
  }

  #stored(key: CacheKey): CachedAnswer | undefined | Promise<CachedAnswer | undefined> {
    const failed = (error: unknown): undefined =>
      this.#failed(error, 'a cached answer could not be read: the call goes to the provider');
    try {
      const stored = this.#store.get(key, this.#dependencies.clock.now());
      return stored instanceof Promise ? stored.catch(failed) : stored;
    } catch (error) {
      return failed(error);
    }
  }

  #decide(id: string, lookUp: LookUp, answer: CachedAnswer | undefined): () => void {
    if (answer === undefined || !lookUp.fits(answer)) return this.#join(id, lookUp);
    lookUp.done({ answer });
    return NOTHING;
  }

  #join(id: string, { key, waitMs, fits, done }: LookUp): () => void {
    const flight = this.#flights.get(id);
    if (flight === undefined) {
      this.#flights.set(id, { waiters: new Set() });
      done({ lease: { settle: (answer) => this.#settle(id, key, answer) } });
      return NOTHING;
    }
    if (flight.answer !== undefined) {
      done(fits(flight.answer) ? { answer: flight.answer } : 'alone');
      return NOTHING;
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
    const keeping = answer === undefined ? undefined : this.#keep(key, answer);
    if (flight === undefined || answer === undefined || keeping === undefined) this.#flights.delete(id);
    else {
      flight.answer = answer;
      void keeping.then(() => this.#flights.delete(id));
    }
    if (flight === undefined || flight.waiters.size === 0) return;
    const waiters = [...flight.waiters];
    flight.waiters.clear();
    for (const { done, timer } of waiters) {
      clearTimeout(timer);
      done(answer === undefined ? 'alone' : { answer });
    }
  }

  /** What is still to be done; undefined when it is stored, or will never be. */
  #keep(key: CacheKey, answer: CachedAnswer): Promise<void> | undefined {
    const failed = (error: unknown): undefined => this.#failed(error, 'an answer could not be cached');
    try {
      return this.#store.set(key, answer)?.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  #failed(error: unknown, message: string): undefined {
    const code = errorCode(error);
    this.#metrics.cacheFailures.inc({ code });
    this.#dependencies.logger.warn({ code }, message);
  }
}

const NOTHING = (): void => undefined;
