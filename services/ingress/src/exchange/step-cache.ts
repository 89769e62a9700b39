import type { CachedAnswer } from '@weir/response-cache';
import type { Found } from '../cache/answer-cache.ts';
import type { AnswerCopy } from '../cache/answer-copy.ts';
import { CacheTurn } from '../cache/cache-turn.ts';
import { startsJob } from '../cache/starts-job.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { CallStep } from '../plan/call-step.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import type { AttemptContext } from './attempt.ts';
import type { RequestRecord } from './request-record.ts';

/** The cache's part in a call: its turn at the step that is under way. */
export class StepCache {
  readonly #context: AttemptContext;
  readonly #request: RequestRecord;
  readonly #entryBytesMax: number;
  #turn: CacheTurn | undefined;

  constructor(context: AttemptContext, request: RequestRecord, entryBytesMax: number) {
    this.#context = context;
    this.#request = request;
    this.#entryBytesMax = entryBytesMax;
  }

  /** Whether the step under way was looked up before its first attempt. */
  get status(): 'none' | 'miss' {
    return this.#turn === undefined ? 'none' : 'miss';
  }

  /** True when the call says that the cache is part of the step, if only to be skipped. */
  concerns(step: CallStep | undefined): boolean {
    return this.#context.cache !== undefined && step?.cache !== undefined;
  }

  /**
   * Looks a step up; false when it is not to be. `done` is called once, before this returns or later, with an answer or
   * without, unless the call ends before. `body` is undefined when it is not known whole.
   */
  ask(step: CallStep, body: Buffer | null | undefined, done: (hit: CachedAnswer | undefined) => void): boolean {
    this.end();
    const turn = this.#turnOf(step, body);
    this.#turn = turn;
    if (turn === undefined) return false;
    const { config, metrics } = this.#context;
    const waitMs = Math.min(step.timeoutMs ?? Number.POSITIVE_INFINITY, config.cacheWaitMs);
    turn.lookUp(this.#request.of(step).sha256, waitMs, (found) => {
      const hit = answerOf(found);
      (hit === undefined ? metrics.cacheMisses : metrics.cacheHits).inc();
      done(hit);
    });
    return true;
  }

  /** Where the body of an answer is copied to; undefined when it is not to be cached. */
  copyOf(status: number, head: ResponseHead): AnswerCopy | undefined {
    return this.#turn?.copyOf(status, head);
  }

  /** Stores an answer that came whole. */
  keep(call: Call, end: CallEnd, usageAdded: boolean): void {
    this.#turn?.keep(call, end, usageAdded);
  }

  end(): void {
    this.#turn?.end();
  }

  #turnOf(step: CallStep, body: Buffer | null | undefined): CacheTurn | undefined {
    const { cache, budget, config, dependencies, metrics } = this.#context;
    if (cache === undefined || step.cache === undefined || step.cache.skip || body === undefined) return undefined;
    if (!step.cache.asked && body !== null && startsJob(body)) return undefined;
    const { call, headers, cache: wish } = step;
    return new CacheTurn(
      { cache, budget, dependencies, metrics },
      { call, headers, wish, entryBytesMax: this.#entryBytesMax, capturedBytesMax: config.captureHeadBytes },
    );
  }
}

const answerOf = (found: Found): CachedAnswer | undefined =>
  typeof found === 'object' && 'answer' in found ? found.answer : undefined;
