import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/kernel';
import type { IngressErrorCode } from '../errors.ts';
import { BodyCapture, type CapturedPayload } from '../ledger/body-capture.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import { Attempt, type AttemptContext, type AttemptOwner } from './attempt.ts';
import type { CallStep } from './call-step.ts';
import { ClientAnswer, type ClientAnswerOwner } from './client-answer.ts';
import { Upload, type UploadBody, type UploadOwner } from './request-body.ts';
import { isRetriedAnswer, isRetriedFailure, retryAfterMs, retryDelayMs } from './retry-policy.ts';
import { Stopwatch } from './stopwatch.ts';

export interface ExchangeOptions {
  /** Who is asked, in order. */
  readonly steps: readonly [CallStep, ...CallStep[]];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answer headers of Weir's own that no attempt changes, flat list. */
  readonly ownHeaders: readonly string[];
  /** Monotonic ms at which the call was accepted. */
  readonly acceptedAt: number;
  /** Called once, when nothing more will happen. */
  onEnd(): void;
}

/** The attempt to make next. */
interface Next {
  readonly step: number;
  readonly attempt: number;
  readonly delayMs: number;
}

/** An answer held back, and whose it is: it is given when no later attempt has one. */
interface KeptAnswer {
  readonly attempt: Attempt;
  readonly trailers: [string, string][];
}

/**
 * One client call: reads the request, makes attempts until one has an answer to pass on, and answers. Each attempt ends
 * as one event that is durable before the next one begins or the client sees the end of its answer.
 *
 * Another attempt follows only while nothing has gone to the client and the request can be sent again: an answer that
 * may be followed is held back, any other passes chunk by chunk. When all fail the client gets the last answer there was,
 * with its status; Weir's own error only when there was none.
 */
export class Exchange implements ClientAnswerOwner, UploadOwner, AttemptOwner {
  readonly client: ClientAnswer;
  readonly stopwatch: Stopwatch;
  readonly #context: AttemptContext;
  readonly #options: ExchangeOptions;
  readonly #upload: Upload;
  readonly #capture: BodyCapture;
  #request: CapturedPayload | undefined;
  #body: UploadBody = null;
  /** The attempt that is under way. */
  #attempt: Attempt | undefined;
  #attemptsMade = 0;
  #kept: KeptAnswer | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #cutCode: IngressErrorCode | '' | undefined;
  #ended = false;

  constructor(context: AttemptContext, options: ExchangeOptions) {
    const { config, budget, dependencies } = context;
    const limits = { headBytes: config.captureHeadBytes, tailBytes: config.captureTailBytes };
    this.#context = context;
    this.#options = options;
    this.stopwatch = new Stopwatch(dependencies.clock, options.acceptedAt);
    this.#capture = new BodyCapture(limits, budget);
    this.client = new ClientAnswer(this, { response: options.response, stallTimeoutMs: config.clientStallTimeoutMs });
    this.#upload = new Upload(this, {
      request: options.request,
      capture: this.#capture,
      bytesMax: config.requestBodyBytesMax,
      keptBytesMax: this.#mayRepeat ? config.keptBodyBytesMax : 0,
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
    else if (this.#attemptsMade === 0) this.#refuse(code);
    else if (this.#waitTimer !== undefined) this.#giveUp(code);
  }

  bodyReady(body: UploadBody): void {
    const outer = this.stopwatch.enter();
    this.#body = body;
    this.#begin({ step: 0, attempt: 1, delayMs: 0 });
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

  requestPayload(): CapturedPayload {
    this.#request ??= this.#capture.finish();
    return this.#request;
  }

  holds(attempt: Attempt, status: number, head: ResponseHead): boolean {
    return this.#nextAfter(attempt, status, head, '') !== undefined;
  }

  answerHeaders({ call }: Attempt): readonly string[] {
    return this.#headersOf(call, this.#options.ownHeaders);
  }

  attemptRefused(attempt: Attempt, code: IngressErrorCode): void {
    this.#attempt = undefined;
    const next = this.#nextAfter(attempt, 0, undefined, code);
    if (next !== undefined) this.#begin(next);
    else if (this.#attemptsMade > 1) this.#giveUp(code);
    else this.#refuse(code);
  }

  attemptEnded(attempt: Attempt, end: CallEnd, trailers: [string, string][]): void {
    this.#attempt = undefined;
    const next = this.#nextAfter(attempt, end.status, end.head, end.errorCode);
    if (next === undefined) this.client.expectEnd();
    if (end.complete) this.#keep(attempt, trailers);
    else attempt.held?.take();
    this.#context.recorder.record(attempt.call, end, (durable) => {
      if (!durable) this.client.cut();
      else if (next !== undefined && this.#cutCode === undefined && !this.client.gone) {
        this.#wait(next);
        return;
      } else this.#answer(attempt, end, trailers);
      this.#end();
    });
  }

  /** True when a plan could need the request more than once. */
  get #mayRepeat(): boolean {
    const { steps } = this.#options;
    return steps.length > 1 || steps[0].retry.maxAttempts > 1;
  }

  /** The attempt to make after this one; undefined when its answer, or the lack of one, is the client's. */
  #nextAfter(
    { call }: Attempt,
    status: number,
    head: ResponseHead | undefined,
    code: IngressErrorCode | '',
  ): Next | undefined {
    const { steps } = this.#options;
    const step = steps[call.step];
    if (step === undefined || (steps.length === 1 && step.retry.maxAttempts === 1)) return undefined;
    if (this.#cutCode !== undefined || this.client.gone || this.client.headSent || !this.#repeatable) return undefined;
    if (status > 0 && status < 400) return undefined;
    const retried = head === undefined ? isRetriedFailure(code) : isRetriedAnswer(status, head.recorded);
    if (retried && call.attempt < step.retry.maxAttempts) {
      const { config, dependencies } = this.#context;
      const asked = head === undefined ? 0 : retryAfterMs(head.recorded, dependencies.clock.now());
      const delayMs = Math.max(asked, retryDelayMs(step.retry, call.attempt, dependencies.random()));
      if (asked <= config.retryAfterMaxMs) return { step: call.step, attempt: call.attempt + 1, delayMs };
    }
    return call.step + 1 < steps.length ? { step: call.step + 1, attempt: 1, delayMs: 0 } : undefined;
  }

  /** False for a body that is sent as it comes. */
  get #repeatable(): boolean {
    return this.#body === null || Buffer.isBuffer(this.#body);
  }

  #wait(next: Next): void {
    if (next.delayMs === 0) this.#begin(next);
    else {
      this.#waitTimer = setTimeout(() => {
        this.#waitTimer = undefined;
        this.#begin(next);
      }, next.delayMs);
    }
  }

  #begin(next: Next): void {
    const { clock, uuid } = this.#context.dependencies;
    const { steps, acceptedAt } = this.#options;
    const step = steps[next.step] ?? steps[0];
    const first = this.#attemptsMade === 0;
    const call = first
      ? step.call
      : { ...step.call, id: uuid(), attempt: next.attempt, step: next.step, acceptedAt: clock.now() };
    this.#attemptsMade += 1;
    // The last of several attempts waits for its answer as long as the configuration lets it (reference: §5.2).
    const unhurried = step.retry.maxAttempts > 1 && call.attempt === step.retry.maxAttempts;
    const attempt = new Attempt(this.#context, this, {
      step,
      call,
      startedAt: first ? acceptedAt : clock.monotonic(),
      timeoutMs: unhurried && next.step === steps.length - 1 ? undefined : step.timeoutMs,
    });
    this.#attempt = attempt;
    attempt.dispatch(this.#body);
  }

  #keep(attempt: Attempt, trailers: [string, string][]): void {
    if (attempt.held === undefined) return;
    this.#kept?.attempt.held?.take();
    this.#kept = { attempt, trailers };
  }

  /** Ends a call of which nothing went upstream: no attempt, hence no row, but a counter. */
  #refuse(code: IngressErrorCode | ''): void {
    this.#context.metrics.refusals.inc({ code: code === '' ? 'CLIENT_LEFT' : code });
    this.#fail(code);
    this.#end();
  }

  /** Ends a call between two attempts: with the last answer, or with an error. */
  #giveUp(code: IngressErrorCode | ''): void {
    if (this.#kept !== undefined) this.#giveKept(this.#kept);
    else this.#fail(code);
    this.#end();
  }

  #fail(code: IngressErrorCode | '', { call }: { readonly call: Call } = this.#options.steps[0]): void {
    if (code !== '') this.client.fail({ code, detail: '' }, this.#headersOf(call, this.#options.ownHeaders));
  }

  #answer(attempt: Attempt, { complete, errorCode }: CallEnd, trailers: [string, string][]): void {
    if (this.client.gone) return;
    if (!this.client.headSent) {
      if (this.#kept !== undefined) this.#giveKept(this.#kept);
      else this.#fail(errorCode === '' ? 'UPSTREAM_FAILED' : errorCode, attempt);
      return;
    }
    if (!complete) this.client.cut();
    else this.#finishBody(attempt.lastChunk, trailers);
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
    this.#kept?.attempt.held?.take();
    this.#capture.release();
    this.#upload.release();
    if (!this.#upload.complete) this.#upload.abandon(new WeirError('INGRESS_STOPPING', 'call ended'));
    this.#options.onEnd();
  }

  /** Weir's own answer headers, on every answer (reference: cloudflare-ai-gateway.md §2.2). */
  #headersOf(call: Call, more: readonly string[]): readonly string[] {
    const ids = ['cf-aig-log-id', call.id, 'cf-aig-request-id', call.parentId, 'cf-aig-event-id', call.eventId];
    const sentOnce = this.#mayRepeat && !this.#repeatable;
    return [...ids, 'cf-aig-step', String(call.step), ...more, ...(sentOnce ? this.#sentOnceHeader : [])];
  }

  get #sentOnceHeader(): readonly string[] {
    const { keptBodyBytesMax } = this.#context.config;
    return ['cf-aig-retry-warning', `no retries: the request body is larger than ${keptBodyBytesMax} bytes`];
  }
}
