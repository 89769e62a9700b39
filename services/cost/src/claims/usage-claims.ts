import type { EventLog } from '@weir/event-log';
import { backoffMs, sleep, untilAccepted } from '@weir/kernel';
import { type Claim, ClaimBook, type ClaimBookLimits } from './claim-book.ts';
import { CLAIMS_TOPIC, decodeClaim, encodeClaim } from './claim-record.ts';
import { CLAIM_HORIZON_MS } from './claimed-usage.ts';

const LIMITS: ClaimBookLimits = { digests: 1_000_000, horizonMs: CLAIM_HORIZON_MS };
const RETRY = { baseMs: 100, capMs: 10_000 };

export interface UsageClaimsOptions {
  readonly log: EventLog;
  readonly onError: (error: unknown) => void;
  readonly limits?: ClaimBookLimits;
}

/** Who books usage that several answers show. */
export interface UsageClaims {
  /**
   * The owner of every digest of every claim, in order; undefined where nobody can own it any more, for lack of room.
   * Resolves when the log has decided, and to undefined when the signal aborts first.
   */
  settle(claims: readonly Claim[], signal: AbortSignal): Promise<readonly (string | undefined)[][] | undefined>;
  stop(): Promise<void>;
}

/**
 * Claims go to a topic of one partition, and the first of an answer in the order of the log owns it: so two processes that
 * claim at once agree, and a restart or a repetition finds the owner it had (I3, I6). The topic is read from its beginning
 * when the first claim comes; without any nothing is read, and nothing held.
 */
export function startUsageClaims(options: UsageClaimsOptions): UsageClaims {
  return new LoggedClaims(options);
}

class LoggedClaims implements UsageClaims {
  readonly #options: UsageClaimsOptions;
  readonly #stopping = new AbortController();
  #book: ClaimBook;
  #readTo = -1;
  #reading: Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(options: UsageClaimsOptions) {
    this.#options = options;
    this.#book = new ClaimBook(options.limits ?? LIMITS);
  }

  async settle(claims: readonly Claim[], signal: AbortSignal): Promise<(string | undefined)[][] | undefined> {
    // What has an owner keeps it: the log only grows behind it.
    const open = claims.filter(({ digests }) => digests.some((digest) => this.#book.ownerOf(digest) === undefined));
    if (open.length > 0) {
      this.#reading ??= this.#read();
      let last = -1;
      await untilAccepted(async () => {
        const records = open.map((claim) => ({ key: null, partition: 0, value: encodeClaim(claim) }));
        const positions = await this.#options.log.append(CLAIMS_TOPIC, records);
        last = positions.at(-1)?.offset ?? -1;
      }, signal);
      await this.#untilRead(last, signal);
    }
    if (signal.aborted) return undefined;
    return claims.map(({ digests }) => digests.map((digest) => this.#book.ownerOf(digest)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reading;
  }

  /** Reads the topic until stopped; from its beginning again after a failure. */
  async #read(): Promise<void> {
    const { log, onError, limits = LIMITS } = this.#options;
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const book = new ClaimBook(limits);
      try {
        for await (const { value, offset, timestampMs } of log.tail(CLAIMS_TOPIC, { from: 'earliest', signal })) {
          book.apply(decodeClaim(value), timestampMs);
          if (offset < this.#readTo) continue;
          this.#book = book;
          this.#readTo = offset;
          for (const wake of this.#waiting) wake();
          attempt = 0;
        }
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
      await sleep(backoffMs(attempt, RETRY), signal);
    }
  }

  async #untilRead(offset: number, signal: AbortSignal): Promise<void> {
    if (this.#readTo >= offset || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#readTo < offset && !signal.aborted) return;
        this.#waiting.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', look);
    });
  }
}
