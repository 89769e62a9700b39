import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/kernel';
import type { Found } from '../cache/answer-cache.ts';
import type { AnswerCopy } from '../cache/answer-copy.ts';
import { CacheTurn } from '../cache/cache-turn.ts';
import { type CachedEnd, cachedEnd } from '../cache/cached-end.ts';
import { startsJob } from '../cache/starts-job.ts';
import { INGRESS_ERRORS, type IngressErrorCode } from '../errors.ts';
import type { GatewaySettings } from '../gateways/gateway-settings.ts';
import { BodyCapture, type CapturedPayload } from '../ledger/body-capture.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import { capturedBody } from '../ledger/captured-body.ts';
import type { EnterResult, Leave } from '../limits/step-gate.ts';
import { AskedBody } from '../usage/asked-body.ts';
import { idHeaders } from '../wire/id-headers.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import { Attempt, type AttemptContext, type AttemptOptions, type AttemptOwner } from './attempt.ts';
import type { CallStep } from './call-step.ts';
import { ClientAnswer, type ClientAnswerOwner } from './client-answer.ts';
import { type NextAttempt, nextAttempt } from './next-attempt.ts';
import { Upload, type UploadBody, type UploadOwner } from './request-body.ts';
import { isRetriedAnswer } from './retry-policy.ts';
import { Stopwatch } from './stopwatch.ts';

export interface ExchangeOptions {
  readonly id: string;
  readonly eventId: string;
  readonly settings: GatewaySettings;
  /** Who is asked, in order; or how to read that from the request body. */
  readonly steps: readonly CallStep[] | ((body: Buffer) => readonly CallStep[] | { readonly refusal: Refusal });
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answer headers of Weir's own when no step answers, flat list. */
  readonly answerHeaders: readonly string[];
  /** Monotonic ms at which the call was accepted. */
  readonly acceptedAt: number;
  /** Called once, when nothing more will happen. */
  onEnd(): void;
}

/** An answer held back, and whose it is: it is given when no later attempt has one. */
interface KeptAnswer {
  readonly attempt: Attempt;
  readonly trailers: [string, string][];
}

/** Why a call ends without an attempt; no code when the client has left. */
type Ending = Refusal | { readonly code: IngressErrorCode | ''; readonly detail: string };

const isRefusal = (ending: Ending): ending is Refusal => ending.code !== '';

/**
 * One client call: reads the request, makes attempts until one has an answer to pass on, and answers. Each attempt ends
 * as one event that is durable before the next one begins or the client sees the end of its answer.
 *
 * Another attempt follows only while nothing has gone to the client and the request can be sent again: an answer that
 * may be followed is held back, any other passes chunk by chunk. When all fail the client gets the last answer there was,
 * with its status; Weir's own error only when there was none, or when the gateway is set to answer as Cloudflare does.
 */
export class Exchange implements ClientAnswerOwner, UploadOwner, AttemptOwner {
  readonly client: ClientAnswer;
  readonly stopwatch: Stopwatch;
  readonly #context: AttemptContext;
  readonly #options: ExchangeOptions;
  readonly #upload: Upload;
  readonly #capture: BodyCapture;
  readonly #askedBody = new AskedBody();
  #request: CapturedPayload | undefined;
  /** Of which step `#request` is, when that has a body of its own. */
  #requestStep: CallStep | undefined;
  #steps: readonly CallStep[];
  #body: UploadBody = null;
  /** The attempt that is under way. */
  #attempt: Attempt | undefined;
  /** What the latest attempt was given by its gate. */
  #leave: Leave | undefined;
  /** The same until it is settled. */
  #unsettled: Leave | undefined;
  #attemptsMade = 0;
  #kept: KeptAnswer | undefined;
  /** The cache's part in the step that is under way. */
  #turn: CacheTurn | undefined;
  /** The cache or a policy has been asked, and has not answered yet. */
  #pending = false;
  #waitTimer: NodeJS.Timeout | undefined;
  #cutCode: IngressErrorCode | '' | undefined;
  #ended = false;

  constructor(context: AttemptContext, options: ExchangeOptions) {
    const { config, budget, dependencies } = context;
    const limits = { headBytes: config.captureHeadBytes, tailBytes: config.captureTailBytes };
    const { steps } = options;
    this.#context = context;
    this.#options = options;
    this.#steps = typeof steps === 'function' ? [] : steps;
    this.stopwatch = new Stopwatch(dependencies.clock, options.acceptedAt);
    this.#capture = new BodyCapture(limits, budget);
    this.client = new ClientAnswer(this, { response: options.response, stallTimeoutMs: config.clientStallTimeoutMs });
    this.#upload = new Upload(this, {
      request: options.request,
      capture: this.#capture,
      bytesMax: config.requestBodyBytesMax,
      keptBytesMax: this.#gateNeedsBody ? config.requestBodyBytesMax : this.#needsBody ? config.keptBodyBytesMax : 0,
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
    else if (this.#attemptsMade === 0) this.#refuse({ code, detail: '' });
    else if (this.#waitTimer !== undefined || this.#pending) this.#giveUp({ code, detail: '' });
  }

  bodyReady(body: UploadBody): void {
    const outer = this.stopwatch.enter();
    this.#body = body;
    const refusal = this.#readSteps(body) ?? this.#roomRefusal;
    if (refusal === undefined) this.#begin({ step: 0, attempt: 1, delayMs: 0 });
    else this.#refuse(refusal);
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
    return this.#turn === undefined ? 'none' : 'miss';
  }

  copyOf(status: number, head: ResponseHead): AnswerCopy | undefined {
    return this.#turn?.copyOf(status, head);
  }

  requestPayload({ call }: { readonly call: Call }): CapturedPayload {
    const step = this.#steps[call.step];
    if (step?.body !== undefined && step !== this.#requestStep) {
      this.#requestStep = step;
      this.#request = capturedBody(step.body, this.#context.config, this.#context.budget);
    }
    this.#request ??= this.#capture.finish();
    return this.#request;
  }

  holds(attempt: Attempt, status: number, head: ResponseHead): boolean {
    if (this.#nextAfter(attempt, status, head, '') !== undefined) return true;
    // A failure that the gateway answers for itself.
    if (!this.#options.settings.cloudflareErrors || !this.#mayRepeat || !this.#repeatable) return false;
    return this.#steps.length > 1 || isRetriedAnswer(status, head.recorded);
  }

  answerHeaders({ call }: Attempt): readonly string[] {
    const { keptBodyBytesMax } = this.#context.config;
    const sentOnce =
      this.#mayRepeat && !this.#repeatable
        ? ['cf-aig-retry-warning', `no retries: the request body is larger than ${keptBodyBytesMax} bytes`]
        : [];
    const step = this.#steps[call.step];
    const asked = this.#context.cache !== undefined && step?.cache !== undefined && this.#repeatable;
    const cached = asked ? ['cf-aig-cache-status', 'MISS'] : [];
    const limits = this.#leave?.answerHeaders ?? [];
    return [...idHeaders(call), ...(step?.answerHeaders ?? []), ...sentOnce, ...cached, ...limits];
  }

  attemptRefused(attempt: Attempt, code: IngressErrorCode): void {
    this.#attempt = undefined;
    this.#attemptsMade -= 1;
    this.#refusedStep(attempt, { code, detail: '' });
  }

  attemptEnded(attempt: Attempt, end: CallEnd, trailers: [string, string][]): void {
    this.#attempt = undefined;
    this.#settle(end);
    const next = this.#nextAfter(attempt, end.status, end.head, end.errorCode);
    if (next === undefined) this.client.expectEnd();
    if (end.complete) this.#keep(attempt, trailers);
    else attempt.held?.take();
    this.#context.recorder.record(attempt.call, end, (durable) => {
      if (durable) this.#turn?.keep(attempt.call, end, attempt.usageWithheld);
      if (!durable) this.client.cut();
      else if (next !== undefined && this.#cutCode === undefined && !this.client.gone) {
        this.#wait(next);
        return;
      } else this.#answer(attempt, end, trailers);
      this.#end();
    });
  }

  /** True when the request is to be known whole before it is sent, or could be sent more than once. */
  get #needsBody(): boolean {
    const [first] = this.#steps;
    const read = typeof this.#options.steps === 'function' || first?.addsUsage === true;
    return read || this.#mayRepeat || first?.cache !== undefined;
  }

  /** True when a policy must see the whole request before any of it is sent. */
  get #gateNeedsBody(): boolean {
    return this.#steps.some(({ gate }) => gate?.needsBody === true);
  }

  /** A body that a policy must see, and for which there is no room in memory. */
  get #roomRefusal(): Refusal | undefined {
    const missing = this.#gateNeedsBody && !this.#repeatable;
    return missing ? { code: 'INGRESS_OVERLOADED', detail: 'There is no room for the request body.' } : undefined;
  }

  /** True when a plan could need the request more than once. */
  get #mayRepeat(): boolean {
    return this.#steps.length > 1 || (this.#steps[0]?.retry.maxAttempts ?? 1) > 1;
  }

  /** Reads the steps where they stand in the body; the refusal when they cannot be read. */
  #readSteps(body: UploadBody): Refusal | undefined {
    const { steps } = this.#options;
    if (typeof steps !== 'function') return undefined;
    if (body !== null && !Buffer.isBuffer(body)) return { code: 'INGRESS_BODY_TOO_LARGE', detail: '' };
    const read = steps(body ?? Buffer.alloc(0));
    if ('refusal' in read) return read.refusal;
    this.#steps = read;
    return undefined;
  }

  /** The attempt to make after this one; undefined when its answer, or the lack of one, is the client's. */
  #nextAfter(
    { call }: { readonly call: Call },
    status: number,
    head: ResponseHead | undefined,
    code: IngressErrorCode | '',
  ): NextAttempt | undefined {
    if (!this.#mayRepeat) return undefined;
    if (this.#cutCode !== undefined || this.client.gone || this.client.headSent || !this.#repeatable) return undefined;
    const { config, dependencies } = this.#context;
    return nextAttempt(
      this.#steps,
      call,
      { status, head, code },
      {
        retryAfterMaxMs: config.retryAfterMaxMs,
        nowMs: dependencies.clock.now(),
        random: dependencies.random(),
      },
    );
  }

  /** False for a body that is sent as it comes. */
  get #repeatable(): boolean {
    return this.#body === null || Buffer.isBuffer(this.#body);
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
    const step = this.#steps[next.step];
    if (step === undefined) return;
    if (next.attempt === 1) {
      const refusal = step.gate?.check?.(step.call, this.#wholeBody(step));
      if (refusal !== undefined) {
        this.#refusedStep(step, refusal);
        return;
      }
      this.#turn = this.#turnOf(step);
    }
    if (next.attempt > 1 || this.#turn === undefined) {
      this.#attemptAt(step, next);
      return;
    }
    const startedAt =
      this.#attemptsMade === 0 ? this.#options.acceptedAt : this.#context.dependencies.clock.monotonic();
    const waitMs = Math.min(step.timeoutMs ?? Number.POSITIVE_INFINITY, this.#context.config.cacheWaitMs);
    this.#pending = true;
    this.#turn.lookUp(this.requestPayload(step).sha256, waitMs, (found) => {
      const outer = this.stopwatch.enter();
      this.#pending = false;
      this.#found(step, next, found, startedAt);
      this.stopwatch.leave(outer);
    });
  }

  #turnOf(step: CallStep): CacheTurn | undefined {
    this.#turn?.end();
    const { cache, budget, config, dependencies, metrics } = this.#context;
    const body = step.body ?? this.#body;
    if (cache === undefined || step.cache === undefined || step.cache.skip || !this.#repeatable) return undefined;
    if (!step.cache.asked && Buffer.isBuffer(body) && startsJob(body)) return undefined;
    return new CacheTurn(
      { cache, budget, dependencies, metrics },
      {
        call: step.call,
        headers: step.headers,
        wish: step.cache,
        entryBytesMax: this.#options.settings.cacheEntryBytesMax,
        capturedBytesMax: config.captureHeadBytes,
      },
    );
  }

  #found(step: CallStep, next: NextAttempt, found: Found, startedAt: number): void {
    const hit = typeof found === 'object' && 'answer' in found ? found.answer : undefined;
    const { cacheHits, cacheMisses } = this.#context.metrics;
    (hit === undefined ? cacheMisses : cacheHits).inc();
    if (hit === undefined) {
      this.#attemptAt(step, next);
      return;
    }
    const call = this.#callAt(step, next);
    this.#attemptsMade += 1;
    const cached = cachedEnd(this.#context, {
      answer: hit,
      request: this.requestPayload(step),
      startedAt,
      clientGone: this.client.gone,
      stopwatch: this.stopwatch,
      withholdsUsage: this.#usageBody(step) !== undefined,
    });
    this.client.expectEnd();
    this.#context.recorder.record(call, cached.end, (durable) => {
      if (durable) this.#giveCached(call, step, cached);
      else this.client.cut();
      this.#end();
    });
  }

  #giveCached(call: Call, step: CallStep, { body, head }: CachedEnd): void {
    if (this.client.gone) return;
    const headers = [...idHeaders(call), ...step.answerHeaders, 'cf-aig-cache-status', 'HIT'];
    this.client.head(200, 'OK', head, headers);
    this.#finishBody(body, []);
  }

  /** The step's call as its next attempt is recorded. */
  #callAt(step: CallStep, next: NextAttempt): Call {
    if (this.#attemptsMade === 0) return step.call;
    const { clock, uuid } = this.#context.dependencies;
    return { ...step.call, id: uuid(), attempt: next.attempt, step: next.step, acceptedAt: clock.now() };
  }

  #attemptAt(step: CallStep, next: NextAttempt): void {
    const { acceptedAt } = this.#options;
    const startedAt = this.#attemptsMade === 0 ? acceptedAt : this.#context.dependencies.clock.monotonic();
    const call = this.#callAt(step, next);
    // The last of several attempts waits for its answer as long as the configuration lets it (reference: §5.2).
    const unhurried = step.retry.maxAttempts > 1 && next.attempt === step.retry.maxAttempts;
    const timeoutMs = unhurried && next.step === this.#steps.length - 1 ? undefined : step.timeoutMs;
    const options = { step, call, startedAt, timeoutMs, usageAdded: this.#usageBody(step) !== undefined };
    this.#leave = undefined;
    const entered = step.gate?.enter(call, this.#wholeBody(step));
    if (!(entered instanceof Promise)) {
      this.#entered(options, entered);
      return;
    }
    this.#pending = true;
    void entered.then((result) => {
      const outer = this.stopwatch.enter();
      this.#pending = false;
      // Nothing has gone upstream: a call that ended meanwhile needs no row.
      if (!this.#ended) this.#entered(options, result);
      else if ('settle' in result) result.settle?.(undefined);
      this.stopwatch.leave(outer);
    });
  }

  #wholeBody(step: CallStep): Buffer | null | undefined {
    const body = step.body ?? this.#body;
    return body === null || Buffer.isBuffer(body) ? body : undefined;
  }

  /** The body that asks for the usage of its stream; undefined when the step's body goes as it is. */
  #usageBody(step: CallStep): Buffer | undefined {
    const body = step.addsUsage ? this.#wholeBody(step) : null;
    return Buffer.isBuffer(body) ? this.#askedBody.of(body) : undefined;
  }

  #entered(options: AttemptOptions, result: EnterResult | undefined): void {
    if (result !== undefined && 'refusal' in result) {
      this.#refusedStep(options, result.refusal);
      return;
    }
    const { step } = options;
    this.#leave = result;
    this.#unsettled = result;
    this.#attemptsMade += 1;
    this.#attempt = new Attempt(this.#context, this, options);
    this.#attempt.dispatch(this.#usageBody(step) ?? step.body ?? this.#body, result?.headers);
  }

  #settle(end: CallEnd | undefined): void {
    this.#unsettled?.settle?.(end);
    this.#unsettled = undefined;
  }

  /** Of an attempt nothing went upstream: there is no row of it. */
  #refusedStep(step: { readonly call: Call }, refusal: Refusal): void {
    this.#settle(undefined);
    this.#leave = undefined;
    const next = this.#nextAfter(step, 0, undefined, refusal.code);
    if (next !== undefined) this.#begin(next);
    else if (this.#attemptsMade > 0) this.#giveUp(refusal);
    else this.#refuse(refusal);
  }

  #keep(attempt: Attempt, trailers: [string, string][]): void {
    if (attempt.held === undefined) return;
    this.#kept?.attempt.held?.take();
    this.#kept = { attempt, trailers };
  }

  /** Ends a call of which nothing went upstream: no attempt, hence no row, but a counter. */
  #refuse(refusal: Ending): void {
    this.#context.metrics.refusals.inc({ code: isRefusal(refusal) ? refusal.code : 'CLIENT_LEFT' });
    if (isRefusal(refusal)) this.client.fail(refusal, this.#ownHeaders);
    this.#end();
  }

  /** Ends a call between two attempts: with the last answer, or with an error. */
  #giveUp(refusal: Ending): void {
    if (this.#kept !== undefined) this.#giveKept(this.#kept);
    else if (isRefusal(refusal)) this.client.fail(refusal, this.#ownHeaders);
    this.#end();
  }

  #answer(attempt: Attempt, { complete, errorCode }: CallEnd, trailers: [string, string][]): void {
    if (this.client.gone) return;
    if (this.client.headSent) {
      if (complete) this.#finishBody(attempt.lastChunk, trailers);
      else this.client.cut();
      return;
    }
    if (this.#options.settings.cloudflareErrors && this.#cutCode === undefined) {
      const detail = errorCode === '' ? '' : INGRESS_ERRORS[errorCode];
      this.client.fail({ code: 'UPSTREAM_ALL_FAILED', detail }, this.answerHeaders(attempt));
    } else if (this.#kept !== undefined) {
      this.#giveKept(this.#kept);
    } else {
      const code = errorCode === '' ? 'UPSTREAM_FAILED' : errorCode;
      this.client.fail({ code, detail: '' }, this.answerHeaders(attempt));
    }
  }

  #giveKept({ attempt, trailers }: KeptAnswer): void {
    const { held } = attempt;
    if (held === undefined || this.client.gone) return;
    this.client.expectEnd();
    this.client.head(held.status, held.statusText, held.head, this.answerHeaders(attempt));
    for (const chunk of held.take()) this.client.write(chunk);
    this.#finishBody(undefined, trailers);
  }

  #finishBody(last: Buffer | undefined, trailers: [string, string][]): void {
    try {
      this.client.end(last, trailers);
    } catch {
      // A trailer that Node will not send: this runs outside of undici, which would have caught it.
      this.client.cut();
    }
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#waitTimer);
    this.#turn?.end();
    this.#kept?.attempt.held?.take();
    this.#capture.release();
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
