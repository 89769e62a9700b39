import type { IngressMetrics } from '../ingress-metrics.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { CaptureBudget } from '../ledger/capture-budget.ts';
import type { IngressDependencies } from '../ports.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import type { AnswerCache, Found, Lease } from './answer-cache.ts';
import { AnswerCopy } from './answer-copy.ts';
import { cacheKey } from './cache-key.ts';
import type { CacheWish } from './cache-wish.ts';
import { isAccepted, storedHeaders } from './stored-headers.ts';
import { isWholeAnswer } from './whole-answer.ts';

export interface CacheTurnContext {
  readonly cache: AnswerCache;
  readonly budget: CaptureBudget;
  readonly dependencies: IngressDependencies;
  readonly metrics: IngressMetrics;
}

export interface CacheTurnOptions {
  readonly call: Call;
  readonly wish: CacheWish;
  /** Request headers of the step, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Larger answers are not stored. */
  readonly entryBytesMax: number;
  /** Bodies up to this are there whole at their end, of which no copy is made meanwhile. */
  readonly capturedBytesMax: number;
}

/** One step of a call before the cache: looks the answer up, and stores what is fetched instead. */
export class CacheTurn {
  readonly #context: CacheTurnContext;
  readonly #options: CacheTurnOptions;
  #cancel: (() => void) | undefined;
  #lease: Lease | undefined;
  #copy: AnswerCopy | undefined;
  /** Of an answer that is to be stored. */
  #headers: readonly string[] | undefined;

  constructor(context: CacheTurnContext, options: CacheTurnOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** `done` is called once, before this returns or later, unless the turn ends before. */
  lookUp(bodySha256: string, waitMs: number, done: (found: Found) => void): void {
    const { call, wish, headers } = this.#options;
    const accepted = String(headers['accept-encoding'] ?? '');
    this.#cancel = this.#context.cache.lookUp({
      key: cacheKey(call, headers, wish.name, bodySha256),
      waitMs,
      fits: (answer) => isAccepted(encodingOf(answer.headers), accepted),
      done: (found) => {
        this.#cancel = undefined;
        if (typeof found === 'object' && 'lease' in found) this.#lease = found.lease;
        done(found);
      },
    });
  }

  /** Where the body of an answer is copied to; undefined when it is not to be stored, or will be there anyway. */
  copyOf(status: number, { contentLength, forward }: ResponseHead): AnswerCopy | undefined {
    const { entryBytesMax, capturedBytesMax } = this.#options;
    if (this.#lease === undefined || status !== 200 || contentLength > entryBytesMax) return undefined;
    this.#headers = storedHeaders(forward);
    if (contentLength >= 0 && contentLength <= capturedBytesMax) return undefined;
    this.#copy = new AnswerCopy(entryBytesMax, this.#context.budget);
    return this.#copy;
  }

  /** Stores an answer that came whole, and gives it to the calls that wait for it. */
  keep(call: Call, end: CallEnd, usageAdded: boolean): void {
    const [lease, headers] = [this.#lease, this.#headers];
    const body = this.#bodyOf(end);
    if (lease === undefined || headers === undefined || body === undefined || !end.complete) return;
    const { dependencies, metrics } = this.#context;
    if (!isWholeAnswer(call, end, body, dependencies.readExchange)) return;
    const storedAt = dependencies.clock.now();
    const expiresAt = storedAt + this.#options.wish.ttlSeconds * 1_000;
    this.#lease = undefined;
    metrics.cacheStored.inc();
    lease.settle({ headers, body, requestId: call.id, usageAdded, storedAt, expiresAt });
  }

  /** Ends the turn: who waits for its answer fetches it for itself. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#lease?.settle(undefined);
    this.#lease = undefined;
    this.#copy?.release();
    this.#copy = undefined;
  }

  /** Undefined when it is not there whole, or is too large. */
  #bodyOf({ response }: CallEnd): Buffer | undefined {
    if (response.bytes > this.#options.entryBytesMax) return undefined;
    if (!response.truncated) return response.head;
    return this.#copy?.whole === true ? this.#copy.body() : undefined;
  }
}

function encodingOf(headers: readonly string[]): string {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-encoding');
  return at < 0 ? '' : (headers[at + 1] ?? '');
}
