import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/kernel';
import type { CachedAnswer } from '@weir/response-cache';
import type { AnswerCopy } from '../cache/answer-copy.ts';
import { cachedEnd } from '../cache/cached-end.ts';
import type { IngressErrorCode } from '../errors.ts';
import type { GatewaySettings } from '../gateways/gateway-settings.ts';
import type { CapturedPayload } from '../ledger/body-capture.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { EnterResult } from '../limits/step-gate.ts';
import { CallPlan, type ReadSteps } from '../plan/call-plan.ts';
import type { CallStep } from '../plan/call-step.ts';
import type { AttemptResult, NextAttempt } from '../plan/next-attempt.ts';
import { idHeaders } from '../wire/id-headers.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import { Attempt, type AttemptContext, type AttemptOptions, type AttemptOwner } from './attempt.ts';
import { AttemptLeave } from './attempt-leave.ts';
import { CallEnding, type Ending } from './call-ending.ts';
import { ClientAnswer, type ClientAnswerOwner } from './client-answer.ts';
import { Upload, type UploadBody, type UploadOwner } from './request-body.ts';
import { RequestRecord } from './request-record.ts';
import { StepCache } from './step-cache.ts';
import { Stopwatch } from './stopwatch.ts';

export interface ExchangeOptions {
  readonly id: string;
  readonly eventId: string;
  readonly settings: GatewaySettings;
  /** Who is asked, in order; or how to read that from the request body. */
  readonly steps: readonly CallStep[] | ReadSteps;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answer headers of Weir's own when no step answers, flat list. */
  readonly answerHeaders: readonly string[];
  /** Monotonic ms at which the call was accepted. */
  readonly acceptedAt: number;
  /** Called once, when nothing more will happen. */
  onEnd(): void;
}

const FIRST: NextAttempt = { step: 0, attempt: 1, delayMs: 0 };

/**
 * One client call, from its request to the end of its answer. Each attempt goes the same way: `#begin` asks the policy and
 * the cache, `#attemptAt` asks for leave, `#entered` dispatches it, `attemptEnded` records it as one event that is durable
 * before the next one begins or the client sees the end of its answer.
 *
 * Another attempt follows only while nothing has gone to the client and the request can be sent again: an answer that
 * may be followed is held back, any other passes chunk by chunk.
 */
export class Exchange implements ClientAnswerOwner, UploadOwner, AttemptOwner {
  readonly client: ClientAnswer;
  readonly stopwatch: Stopwatch;
  readonly #context: AttemptContext;
  readonly #options: ExchangeOptions;
  readonly #plan: CallPlan;
  readonly #upload: Upload;
  readonly #request: RequestRecord;
  readonly #cache: StepCache;
  readonly #ending: CallEnding;
  /** Of the latest attempt. */
  readonly #leave = new AttemptLeave();
  /** The attempt that is under way. */
  #attempt: Attempt | undefined;
  #attemptsMade = 0;
  /** The cache or a policy has been asked, and has not answered yet. */
  #pending = false;
  #waitTimer: NodeJS.Timeout | undefined;
  #cutCode: IngressErrorCode | '' | undefined;
  #ended = false;

  constructor(context: AttemptContext, options: ExchangeOptions) {
    const { config, budget, dependencies, metrics } = context;
    const { request, response, settings } = options;
    this.#context = context;
    this.#options = options;
    this.stopwatch = new Stopwatch(dependencies.clock, options.acceptedAt);
    this.#plan = new CallPlan(context, options.steps);
    this.#request = new RequestRecord(context);
    this.#cache = new StepCache(context, this.#request, settings.cacheEntryBytesMax);
    this.client = new ClientAnswer(this, { response, stallTimeoutMs: config.clientStallTimeoutMs });
    this.#ending = new CallEnding({
      client: this.client,
      metrics,
      cloudflareErrors: settings.cloudflareErrors,
      headersOf: (attempt) => this.answerHeaders(attempt),
      ownHeaders: () => this.#ownHeaders,
    });
    this.#upload = new Upload(this, {
      request,
      capture: this.#request.capture,
      bytesMax: config.requestBodyBytesMax,
      keptBytesMax: this.#plan.keptBytesMax,
      budget,
    });
  }

  /** Starts reading the request; counts as Weir's time since the call was accepted. */
  start(): void {
    this.#upload.start();
    this.stopwatch.leave(true);
  }

  /** Ends the call now, for a reason of Weir's own. */
  cut(code: IngressErrorCode | ''): void {
    if (this.#ended) return;
    this.#cutCode ??= code;
    if (this.#attempt !== undefined) this.#attempt.cut(code);
    else if (this.#attemptsMade === 0 || this.#waitTimer !== undefined || this.#pending) {
      this.#endWithout({ code, detail: '' });
    }
  }

  bodyReady(body: UploadBody): void {
    const outer = this.stopwatch.enter();
    if (Buffer.isBuffer(body)) this.#request.whole = body;
    const refusal = this.#plan.take(body);
    if (refusal === undefined) this.#begin(FIRST);
    else this.#endWithout(refusal);
    this.stopwatch.leave(outer);
  }

  bodyTooLarge(): void {
    this.#upload.abandon(new WeirError('INGRESS_BODY_TOO_LARGE', 'request body too large'));
    this.cut('INGRESS_BODY_TOO_LARGE');
  }

  clientDrained(): void {
    this.#attempt?.resume();
  }

  clientLeft(): void {
    if (this.#ended) return;
    // A request that will never be whole is not worth an answer.
    if (!this.#upload.complete || this.#attempt === undefined) this.cut('');
    else this.#attempt.drain();
  }

  get cacheStatus(): 'none' | 'miss' {
    return this.#cache.status;
  }

  copyOf(status: number, head: ResponseHead): AnswerCopy | undefined {
    return this.#cache.copyOf(status, head);
  }

  requestPayload({ call }: Attempt): CapturedPayload {
    return this.#request.of(this.#plan.step(call.step));
  }

  holds({ call }: Attempt, status: number, head: ResponseHead): boolean {
    if (this.#nextAfter(call, { status, head, code: '' }) !== undefined) return true;
    // A failure that the gateway answers for itself.
    return this.#options.settings.cloudflareErrors && this.#plan.isFailure(status, head);
  }

  answerHeaders({ call }: Attempt): readonly string[] {
    const step = this.#plan.step(call.step);
    const headers = idHeaders(call);
    if (step !== undefined) headers.push(...step.answerHeaders);
    if (this.#plan.mayRepeat && !this.#plan.repeatable) {
      const { keptBodyBytesMax } = this.#context.config;
      headers.push('cf-aig-retry-warning', `no retries: the request body is larger than ${keptBodyBytesMax} bytes`);
    }
    if (this.#cache.concerns(step) && this.#plan.repeatable) headers.push('cf-aig-cache-status', 'MISS');
    headers.push(...this.#leave.answerHeaders);
    return headers;
  }

  attemptRefused({ call }: Attempt, code: IngressErrorCode): void {
    this.#attempt = undefined;
    this.#attemptsMade -= 1;
    this.#refusedStep(call, { code, detail: '' });
  }

  attemptEnded(attempt: Attempt, end: CallEnd, trailers: [string, string][]): void {
    const { call } = attempt;
    this.#attempt = undefined;
    this.#leave.settle(end);
    const next = this.#nextAfter(call, { status: end.status, head: end.head, code: end.errorCode });
    if (next === undefined) this.client.expectEnd();
    if (end.complete) this.#ending.keep(attempt, trailers);
    else attempt.held?.take();
    this.#context.recorder.record(call, end, (durable) => {
      if (durable && next !== undefined && this.#cutCode === undefined && !this.client.gone) {
        this.#wait(next);
        return;
      }
      if (durable) {
        this.#ending.answer(attempt, end, trailers, this.#cutCode !== undefined);
        // Not before: writing it takes time, which no client need wait for.
        this.#cache.keep(call, end, attempt.usageWithheld);
      } else this.client.cut();
      this.#end();
    });
  }

  /** The attempt to make after this one; undefined when its answer, or the lack of one, is the client's. */
  #nextAfter(call: Call, result: AttemptResult): NextAttempt | undefined {
    if (this.#cutCode !== undefined || this.client.gone || this.client.headSent) return undefined;
    return this.#plan.next(call, result);
  }

  #wait(next: NextAttempt): void {
    if (next.delayMs === 0) this.#begin(next);
    else {
      this.#waitTimer = setTimeout(() => {
        this.#waitTimer = undefined;
        this.#begin(next);
      }, next.delayMs);
    }
  }

  /** The first attempt of a step comes after a look into the cache. */
  #begin(next: NextAttempt): void {
    const step = this.#plan.step(next.step);
    if (step === undefined) return;
    if (next.attempt > 1) {
      this.#attemptAt(step, next);
      return;
    }
    const body = this.#plan.wholeBody(step);
    const refusal = step.gate?.check?.(step.call, body);
    if (refusal !== undefined) {
      this.#refusedStep(step.call, refusal);
      return;
    }
    const startedAt = this.#startedAt;
    this.#pending = true;
    const asked = this.#cache.ask(step, body, (hit) =>
      this.#resume(() => {
        if (hit === undefined) this.#attemptAt(step, next);
        else this.#giveCached(step, next, hit, startedAt);
      }),
    );
    if (asked) return;
    this.#pending = false;
    this.#attemptAt(step, next);
  }

  /** When what begins now begins, monotonic ms: of the first attempt, when the call was accepted. */
  get #startedAt(): number {
    return this.#attemptsMade === 0 ? this.#options.acceptedAt : this.#context.dependencies.clock.monotonic();
  }

  /** What the call has waited for has come. */
  #resume(work: () => void): void {
    const outer = this.stopwatch.enter();
    this.#pending = false;
    work();
    this.stopwatch.leave(outer);
  }

  #giveCached(step: CallStep, next: NextAttempt, answer: CachedAnswer, startedAt: number): void {
    const call = this.#plan.callAt(step, next, this.#attemptsMade === 0);
    this.#attemptsMade += 1;
    const cached = cachedEnd(this.#context, {
      answer,
      request: this.#request.of(step),
      startedAt,
      clientGone: this.client.gone,
      stopwatch: this.stopwatch,
      withholdsUsage: this.#plan.asksUsage(step),
    });
    this.client.expectEnd();
    this.#context.recorder.record(call, cached.end, (durable) => {
      const headers = [...idHeaders(call), ...step.answerHeaders, 'cf-aig-cache-status', 'HIT'];
      if (durable) this.#ending.giveCached(cached, headers);
      else this.client.cut();
      this.#end();
    });
  }

  #attemptAt(step: CallStep, next: NextAttempt): void {
    const call = this.#plan.callAt(step, next, this.#attemptsMade === 0);
    const options: AttemptOptions = {
      step,
      call,
      startedAt: this.#startedAt,
      timeoutMs: this.#plan.timeoutMs(step, next),
      usageAdded: this.#plan.asksUsage(step),
    };
    const entered = step.gate?.enter(call, this.#plan.wholeBody(step));
    if (!(entered instanceof Promise)) {
      this.#entered(options, entered);
      return;
    }
    this.#pending = true;
    void entered.then((result) =>
      this.#resume(() => {
        // Nothing has gone upstream: a call that ended meanwhile needs no row.
        if (!this.#ended) this.#entered(options, result);
        else if ('settle' in result) result.settle?.(undefined);
      }),
    );
  }

  #entered(options: AttemptOptions, result: EnterResult | undefined): void {
    const { step, call } = options;
    if (result !== undefined && 'refusal' in result) {
      this.#refusedStep(call, result.refusal);
      return;
    }
    this.#leave.take(result);
    this.#attemptsMade += 1;
    this.#attempt = new Attempt(this.#context, this, options);
    this.#attempt.dispatch(this.#plan.sentBody(step), result);
  }

  /** Of an attempt nothing went upstream: there is no row of it. */
  #refusedStep(call: Call, refusal: Refusal): void {
    this.#leave.giveBack();
    const next = this.#nextAfter(call, { status: 0, head: undefined, code: refusal.code });
    if (next !== undefined) this.#begin(next);
    else this.#endWithout(refusal);
  }

  /** Ends the call without a further attempt. */
  #endWithout(ending: Ending): void {
    if (this.#attemptsMade > 0) this.#ending.giveUp(ending);
    else this.#ending.refuse(ending);
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#waitTimer);
    this.#cache.end();
    this.#ending.release();
    this.#request.release();
    this.#upload.release();
    if (!this.#upload.complete) this.#upload.abandon(new WeirError('INGRESS_STOPPING', 'call ended'));
    this.#options.onEnd();
  }

  /** Weir's own headers of an answer that no attempt gave. */
  get #ownHeaders(): readonly string[] {
    const { id, eventId, answerHeaders } = this.#options;
    return [...idHeaders({ id, parentId: id, eventId, step: 0 }), ...answerHeaders];
  }
}
