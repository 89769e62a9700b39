import { WeirError } from '@weir/kernel';
import type { Dispatcher } from 'undici';
import type { AnswerCache } from '../cache/answer-cache.ts';
import type { AnswerCopy } from '../cache/answer-copy.ts';
import type { IngressConfig } from '../config.ts';
import type { IngressErrorCode } from '../errors.ts';
import type { IngressMetrics, ProviderSeries } from '../ingress-metrics.ts';
import { BodyCapture, type CapturedPayload } from '../ledger/body-capture.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { CallRecorder } from '../ledger/call-recorder.ts';
import type { CaptureBudget } from '../ledger/capture-budget.ts';
import { callSummary } from '../ledger/request-event.ts';
import type { Leave } from '../limits/step-gate.ts';
import type { CallStep } from '../plan/call-step.ts';
import type { IngressDependencies } from '../ports.ts';
import { UsageFilter } from '../usage/usage-filter.ts';
import { upstreamRequestHeaders } from '../wire/request-headers.ts';
import {
  isPlainEventStream,
  type ResponseHead,
  readResponseHead,
  readTrailers,
  withoutLength,
} from '../wire/response-headers.ts';
import type { ClientAnswer } from './client-answer.ts';
import { HeldAnswer } from './held-answer.ts';
import { outcomeOf } from './outcome.ts';
import type { UploadBody } from './request-body.ts';
import type { Stopwatch } from './stopwatch.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** How long an answer that is held back may take to become whole. */
const HELD_ANSWER_MS = 5_000;

/** What all attempts of one ingress share. */
export interface AttemptContext {
  readonly config: IngressConfig;
  readonly dependencies: IngressDependencies;
  readonly dispatcher: Dispatcher;
  readonly recorder: CallRecorder;
  readonly metrics: IngressMetrics;
  readonly providerSeries: (provider: string) => ProviderSeries;
  readonly budget: CaptureBudget;
  /** Undefined: nothing is cached. */
  readonly cache: AnswerCache | undefined;
}

export interface AttemptOptions {
  readonly step: CallStep;
  /** The step's call, with the id and the number of this attempt. */
  readonly call: Call;
  /** Monotonic ms at which it began: when the call was accepted, or this attempt was made. */
  readonly startedAt: number;
  /** From dispatch to the head of the answer; undefined leaves it at the limit of the configuration. */
  readonly timeoutMs: number | undefined;
  /** True: what it sends asks for the usage of a stream, and its client did not. */
  readonly usageAdded: boolean;
}

/** The exchange that an attempt is part of. */
export interface AttemptOwner {
  readonly client: ClientAnswer;
  readonly stopwatch: Stopwatch;
  /** What the attempt sends, after its last byte. */
  requestPayload(attempt: Attempt): CapturedPayload;
  /** True when another attempt may follow this answer, so that it is held back. */
  holds(attempt: Attempt, status: number, head: ResponseHead): boolean;
  /** Whether the cache was asked before this attempt was made. */
  readonly cacheStatus: 'none' | 'miss';
  /** Where the body of this answer is copied to; undefined when it is not to be cached. */
  copyOf(status: number, head: ResponseHead): AnswerCopy | undefined;
  /** Weir's own headers of the answer that this attempt gives. */
  answerHeaders(attempt: Attempt): readonly string[];
  /** Nothing went upstream, and nothing will. */
  attemptRefused(attempt: Attempt, code: IngressErrorCode): void;
  attemptEnded(attempt: Attempt, end: CallEnd, trailers: [string, string][]): void;
}

/**
 * One call to a provider: passes its answer on, or holds it back while another attempt may follow, and keeps what the
 * ledger needs. It ends once, as one event.
 *
 * Its times, of the monotonic clock: `duration` runs from its start (of the first attempt: from accepting the call) to
 * the last byte, or the failure, of the answer. `overhead` is the part of it spent inside Weir's own code: accepting and
 * dispatching, and each callback for a head, a chunk or the end. The rest is waiting: for the client's body, the
 * connection, the provider, the client's reading, or the event loop's other calls. Encoding and appending the event come
 * after the duration and have a metric of their own.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly call: Call;
  readonly #context: AttemptContext;
  readonly #owner: AttemptOwner;
  readonly #options: AttemptOptions;
  readonly #capture: BodyCapture;
  #controller: Dispatcher.DispatchController | undefined;
  #ended = false;
  #status = 0;
  #head: ResponseHead | undefined;
  #held: HeldAnswer | undefined;
  #copy: AnswerCopy | undefined;
  #leave: Leave | undefined;
  /** The answer is a stream that a policy watches. */
  #watched = false;
  /** Withholds what only Weir asked for. */
  #filter: UsageFilter | undefined;
  /** The last chunk of an answer of known length: it leaves after the event is durable. */
  #last: Buffer | undefined;
  /** Why Weir itself ended the attempt; '' when the client's leaving is reason enough. */
  #cutCode: IngressErrorCode | '' | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drainFromBytes = 0;
  #firstByteAt = 0;

  constructor(context: AttemptContext, owner: AttemptOwner, options: AttemptOptions) {
    const { captureHeadBytes: headBytes, captureTailBytes: tailBytes } = context.config;
    this.#context = context;
    this.#owner = owner;
    this.#options = options;
    this.call = options.call;
    this.#capture = new BodyCapture({ headBytes, tailBytes }, context.budget);
  }

  /** The answer held back; undefined when it went to the client as it came. */
  get held(): HeldAnswer | undefined {
    return this.#held;
  }

  get lastChunk(): Buffer | undefined {
    return this.#last;
  }

  get usageWithheld(): boolean {
    return this.#filter !== undefined;
  }

  /** The headers of `leave` replace the client's and those of the provider's configuration. */
  dispatch(body: UploadBody, leave: Leave | undefined): void {
    const headers = leave?.headers;
    this.#leave = leave;
    const { step, timeoutMs, usageAdded } = this.#options;
    const { target } = this.call;
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#late(), timeoutMs);
    const streamed = body !== null && !Buffer.isBuffer(body);
    // A stream can only be read here as it is.
    const plain = usageAdded ? { 'accept-encoding': 'identity' } : undefined;
    const own = (headers ?? plain) === undefined ? target.ownHeaders : { ...target.ownHeaders, ...headers, ...plain };
    this.#context.dispatcher.dispatch(
      {
        origin: target.origin,
        path: target.path,
        method: this.call.method,
        headers: upstreamRequestHeaders(step.rawHeaders, step.connection, streamed, own),
        body,
        headersTimeout: this.#context.config.firstByteTimeoutMs,
      },
      this,
    );
  }

  /** Ends the attempt now, for a reason of Weir's own. */
  cut(code: IngressErrorCode | ''): void {
    if (this.#ended) return;
    this.#cutCode ??= code;
    this.#controller?.abort(new WeirError(code === '' ? 'INGRESS_STOPPING' : code, 'attempt ended'));
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** The client has left: reads the answer on within the drain limits, so that the true usage is known. */
  drain(): void {
    if (this.#ended) return;
    this.#held?.take();
    this.#held = undefined;
    this.#drainFromBytes = this.#capture.bytes;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut('UPSTREAM_DRAIN_LIMIT'), this.#context.config.drainTimeoutMs);
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Nothing has been sent yet, so nothing will be billed.
    if (this.#owner.client.gone) this.#cutCode ??= '';
    if (this.#cutCode !== undefined || this.#ended) {
      controller.abort(new WeirError('INGRESS_STOPPING', 'attempt ended'));
    }
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = '',
  ): void {
    const { client, stopwatch } = this.#owner;
    const outer = stopwatch.enter();
    if (status < 200) {
      client.inform(status, headers);
    } else {
      this.#status = status;
      if (!client.gone) clearTimeout(this.#timer);
      const head = readResponseHead(Array.isArray(controller.rawHeaders) ? controller.rawHeaders : []);
      this.#head = head;
      this.#copy = this.#owner.copyOf(status, head);
      this.#watched = this.#leave?.watch !== undefined && isPlainEventStream(head);
      if (status >= 400 && this.#owner.holds(this, status, head)) {
        this.#held = new HeldAnswer(status, statusText, head, this.#context.budget);
        this.#timer = setTimeout(() => this.cut('UPSTREAM_IDLE_TIMEOUT'), HELD_ANSWER_MS);
      } else {
        if (this.#options.usageAdded && isPlainEventStream(head)) this.#filter = new UsageFilter();
        const shown = this.#filter === undefined ? head : withoutLength(head);
        client.head(status, statusText, shown, this.#owner.answerHeaders(this));
      }
    }
    stopwatch.leave(outer);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { client, stopwatch } = this.#owner;
    const outer = stopwatch.enter();
    if (this.#firstByteAt === 0) this.#firstByteAt = stopwatch.enteredAt;
    this.#capture.push(chunk);
    if (this.#copy?.push(chunk) === false) this.#copy = undefined;
    const { bytes } = this.#capture;
    if (client.gone) {
      if (bytes - this.#drainFromBytes > this.#context.config.drainBytes) this.cut('UPSTREAM_DRAIN_LIMIT');
    } else if (this.#held?.push(chunk) !== true) {
      if (this.#held !== undefined) this.#passHeld(this.#held);
      const passed = this.#filter === undefined ? chunk : this.#filter.push(chunk);
      if (bytes === this.#head?.contentLength) this.#last = passed;
      else if (passed.length > 0 && !client.write(passed)) controller.pause();
    }
    if (this.#watched) this.#leave?.watch?.(chunk, () => this.cut('INGRESS_BUDGET_CUT'));
    stopwatch.leave(outer);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const outer = this.#owner.stopwatch.enter();
    this.#end('', true, readTrailers(controller.rawTrailers));
    this.#owner.stopwatch.leave(outer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return;
    const code = this.#cutCode ?? upstreamFailure(error);
    if (code !== 'INGRESS_REQUEST_INVALID' || this.#controller !== undefined) {
      this.#end(code, false, []);
      return;
    }
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#owner.attemptRefused(this, code);
  }

  /** The head did not come in time; without a connection there is nothing to abort yet. */
  #late(): void {
    if (this.#controller !== undefined) this.cut('UPSTREAM_FIRST_BYTE_TIMEOUT');
    else this.#end('UPSTREAM_CONNECT_TIMEOUT', false, []);
  }

  /** The answer is too large to be held: it is passed on after all. */
  #passHeld(held: HeldAnswer): void {
    const { client } = this.#owner;
    this.#held = undefined;
    clearTimeout(this.#timer);
    client.head(held.status, held.statusText, held.head, this.#owner.answerHeaders(this));
    for (const chunk of held.take()) client.write(chunk);
  }

  #end(errorCode: IngressErrorCode | '', complete: boolean, trailers: [string, string][]): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    const rest = this.#filter?.end();
    if (rest !== undefined && rest.length > 0) this.#last = Buffer.concat([this.#last ?? EMPTY, rest]);
    const end = this.#callEnd(errorCode, complete);
    this.#owner.attemptEnded(this, end, trailers);
    this.#capture.release();
    this.#observe(end);
  }

  #callEnd(errorCode: IngressErrorCode | '', complete: boolean): CallEnd {
    const { startedAt } = this.#options;
    const clientGone = this.#owner.client.gone;
    const request = this.#owner.requestPayload(this);
    const response = this.#capture.finish();
    const now = this.#context.dependencies.clock.monotonic();
    return {
      status: this.#status,
      head: this.#head,
      outcome: outcomeOf(this.#status, errorCode, clientGone),
      errorCode,
      complete,
      clientGone,
      cacheStatus: this.#owner.cacheStatus,
      durationUs: micros(now - startedAt),
      ttfbUs: this.#firstByteAt === 0 ? 0 : micros(this.#firstByteAt - startedAt),
      overheadUs: micros(this.#owner.stopwatch.takeMs(now)),
      request,
      response,
    };
  }

  #observe(end: CallEnd): void {
    const { metrics, providerSeries, dependencies } = this.#context;
    const series = providerSeries(this.call.target.provider);
    series.requests(end.outcome).inc();
    series.durationSeconds.observe(end.durationUs / 1e6);
    if (end.ttfbUs > 0) series.ttfbSeconds.observe(end.ttfbUs / 1e6);
    metrics.overheadSeconds.observe(end.overheadUs / 1e6);
    const { logger } = dependencies;
    if (logger.isLevelEnabled('debug')) logger.debug(callSummary(this.call, end), 'call ended');
  }
}

const EMPTY = Buffer.alloc(0);
const micros = (ms: number): number => Math.max(0, Math.round(ms * 1000));
