import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/kernel';
import type { Dispatcher } from 'undici';
import type { IngressConfig } from '../config.ts';
import type { IngressErrorCode } from '../errors.ts';
import type { IngressMetrics, ProviderSeries } from '../ingress-metrics.ts';
import { BodyCapture } from '../ledger/body-capture.ts';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { CallRecorder } from '../ledger/call-recorder.ts';
import type { CaptureBudget } from '../ledger/capture-budget.ts';
import { callSummary } from '../ledger/request-event.ts';
import type { IngressDependencies } from '../ports.ts';
import { upstreamRequestHeaders } from '../wire/request-headers.ts';
import { type ResponseHead, readResponseHead, readTrailers } from '../wire/response-headers.ts';
import { ClientAnswer, type ClientAnswerOwner } from './client-answer.ts';
import { outcomeOf } from './outcome.ts';
import { Upload, type UploadBody, type UploadOwner } from './request-body.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** What all attempts of one ingress share. */
export interface AttemptContext {
  readonly config: IngressConfig;
  readonly dependencies: IngressDependencies;
  readonly dispatcher: Dispatcher;
  readonly recorder: CallRecorder;
  readonly metrics: IngressMetrics;
  readonly providerSeries: (provider: string) => ProviderSeries;
  readonly budget: CaptureBudget;
}

export interface AttemptOptions {
  readonly call: Call;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly idHeaders: readonly string[];
  readonly firstByteTimeoutMs: number;
  /** Monotonic ms at which the call was accepted. */
  readonly acceptedAt: number;
  /** Called once, when nothing more will happen. */
  onEnd(): void;
}

/**
 * One call to a provider: passes bytes both ways, keeps what the ledger needs, and ends as one event that is durable
 * before the client sees the end of its answer.
 *
 * Its times, of the monotonic clock: `duration` runs from accepting the call to the last byte (or the failure) of the
 * answer. `overhead` is the part of it spent inside Weir's own code for this call: accepting and dispatching it, and
 * each callback for a head, a chunk or the end. The rest is waiting: for the client's body, the connection, the
 * provider, the client's reading, or the event loop's other calls. Encoding and appending the event come after the
 * duration and have a metric of their own.
 */
export class Attempt implements Dispatcher.DispatchHandler, ClientAnswerOwner, UploadOwner {
  readonly #context: AttemptContext;
  readonly #options: AttemptOptions;
  readonly #client: ClientAnswer;
  readonly #upload: Upload;
  readonly #requestCapture: BodyCapture;
  readonly #responseCapture: BodyCapture;
  #controller: Dispatcher.DispatchController | undefined;
  #dispatched = false;
  #ended = false;
  #status = 0;
  #head: ResponseHead | undefined;
  /** The last chunk of an answer of known length: it leaves after the event is durable. */
  #held: Buffer | undefined;
  /** Why Weir itself ended the attempt; '' when the client's leaving is reason enough. */
  #cutCode: IngressErrorCode | '' | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #drainFromBytes = 0;
  #firstByteAt = 0;
  #busyMs = 0;
  #enteredAt = -1;

  constructor(context: AttemptContext, options: AttemptOptions) {
    const { config, budget } = context;
    const limits = { headBytes: config.captureHeadBytes, tailBytes: config.captureTailBytes };
    this.#context = context;
    this.#options = options;
    this.#requestCapture = new BodyCapture(limits, budget);
    this.#responseCapture = new BodyCapture(limits, budget);
    this.#client = new ClientAnswer(this, {
      response: options.response,
      idHeaders: options.idHeaders,
      stallTimeoutMs: config.clientStallTimeoutMs,
    });
    this.#upload = new Upload(this, {
      request: options.request,
      capture: this.#requestCapture,
      bytesMax: config.requestBodyBytesMax,
    });
  }

  /** Starts reading the request; counts as Weir's time since the call was accepted. */
  start(): void {
    this.#enteredAt = this.#options.acceptedAt;
    this.#upload.start();
    this.#leave(true);
  }

  /** Ends the attempt now, for a reason of Weir's own. */
  cut(code: IngressErrorCode | ''): void {
    if (this.#ended) return;
    this.#cutCode ??= code;
    if (!this.#dispatched) this.#refuse(code);
    else this.#controller?.abort(new WeirError(code === '' ? 'INGRESS_STOPPING' : code, 'attempt ended'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Nothing has been sent yet, so nothing will be billed.
    if (this.#client.gone) this.#cutCode ??= '';
    if (this.#cutCode !== undefined) controller.abort(new WeirError('INGRESS_STOPPING', 'attempt ended'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = '',
  ): void {
    const outer = this.#enter();
    if (status < 200) {
      this.#client.inform(status, headers);
    } else {
      this.#status = status;
      this.#head = readResponseHead(Array.isArray(controller.rawHeaders) ? controller.rawHeaders : []);
      this.#client.head(status, statusText, this.#head);
    }
    this.#leave(outer);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const outer = this.#enter();
    if (this.#firstByteAt === 0) this.#firstByteAt = this.#enteredAt;
    this.#responseCapture.push(chunk);
    const { bytes } = this.#responseCapture;
    if (this.#client.gone) {
      if (bytes - this.#drainFromBytes > this.#context.config.drainBytes) this.cut('UPSTREAM_DRAIN_LIMIT');
    } else if (bytes === this.#head?.contentLength) {
      this.#held = chunk;
    } else if (!this.#client.write(chunk)) {
      controller.pause();
    }
    this.#leave(outer);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const outer = this.#enter();
    this.#end('', true, readTrailers(controller.rawTrailers));
    this.#leave(outer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return;
    const code = this.#cutCode ?? upstreamFailure(error);
    if (code === 'INGRESS_REQUEST_INVALID' && this.#controller === undefined) this.#refuse(code);
    else this.#end(code, false, []);
  }

  bodyReady(body: UploadBody): void {
    const outer = this.#enter();
    const { call, request, firstByteTimeoutMs } = this.#options;
    const { target } = call;
    this.#dispatched = true;
    const streamed = body !== null && !Buffer.isBuffer(body);
    this.#context.dispatcher.dispatch(
      {
        origin: target.origin,
        path: target.path,
        method: call.method,
        headers: upstreamRequestHeaders(request.rawHeaders, request.headers.connection, streamed, target.ownHeaders),
        body,
        headersTimeout: firstByteTimeoutMs,
      },
      this,
    );
    this.#leave(outer);
  }

  bodyTooLarge(): void {
    this.#upload.abandon(new WeirError('INGRESS_BODY_TOO_LARGE', 'request body too large'));
    this.cut('INGRESS_BODY_TOO_LARGE');
  }

  clientDrained(): void {
    this.#controller?.resume();
  }

  /** Reads the answer on within the drain limits, so that the true usage is known. */
  clientLeft(): void {
    if (this.#ended) return;
    if (!this.#dispatched || !this.#upload.complete) {
      // The request will never be whole.
      this.cut('');
      return;
    }
    this.#drainFromBytes = this.#responseCapture.bytes;
    this.#drainTimer = setTimeout(() => this.cut('UPSTREAM_DRAIN_LIMIT'), this.#context.config.drainTimeoutMs);
    this.#controller?.resume();
  }

  /** Ends a call of which nothing went upstream: no attempt, hence no row, but a counter. */
  #refuse(code: IngressErrorCode | ''): void {
    this.#ended = true;
    this.#context.metrics.refusals.inc({ code: code === '' ? 'CLIENT_LEFT' : code });
    this.#release();
    if (code !== '') this.#client.fail({ code, detail: '' });
    this.#options.onEnd();
  }

  #end(errorCode: IngressErrorCode | '', complete: boolean, trailers: [string, string][]): void {
    if (this.#ended) return;
    this.#ended = true;
    const { call } = this.#options;
    const end = this.#callEnd(errorCode, complete);
    this.#client.expectEnd();
    this.#context.recorder.record(call, end, (durable) => {
      if (durable) this.#finishAnswer(end, trailers);
      else this.#client.cut();
      this.#options.onEnd();
    });
    this.#release();
    this.#observe(call, end);
  }

  #finishAnswer({ complete, errorCode }: CallEnd, trailers: [string, string][]): void {
    if (!complete) {
      this.#client.fail({ code: errorCode === '' ? 'UPSTREAM_FAILED' : errorCode, detail: '' });
      return;
    }
    try {
      this.#client.end(this.#held, trailers);
    } catch {
      // A trailer that Node will not send: this runs outside of undici, which would have caught it.
      this.#client.cut();
    }
  }

  #callEnd(errorCode: IngressErrorCode | '', complete: boolean): CallEnd {
    const { acceptedAt } = this.#options;
    const clientGone = this.#client.gone;
    const request = this.#requestCapture.finish();
    const response = this.#responseCapture.finish();
    const now = this.#context.dependencies.clock.monotonic();
    const busyMs = this.#busyMs + (this.#enteredAt < 0 ? 0 : now - this.#enteredAt);
    return {
      status: this.#status,
      head: this.#head,
      outcome: outcomeOf(this.#status, errorCode, clientGone),
      errorCode,
      complete,
      clientGone,
      durationUs: micros(now - acceptedAt),
      ttfbUs: this.#firstByteAt === 0 ? 0 : micros(this.#firstByteAt - acceptedAt),
      overheadUs: micros(busyMs),
      request,
      response,
    };
  }

  #observe(call: Call, end: CallEnd): void {
    const { metrics, providerSeries, dependencies } = this.#context;
    const series = providerSeries(call.target.provider);
    series.requests(end.outcome).inc();
    series.durationSeconds.observe(end.durationUs / 1e6);
    if (end.ttfbUs > 0) series.ttfbSeconds.observe(end.ttfbUs / 1e6);
    metrics.overheadSeconds.observe(end.overheadUs / 1e6);
    const { logger } = dependencies;
    if (logger.isLevelEnabled('debug')) logger.debug(callSummary(call, end), 'call ended');
  }

  #release(): void {
    clearTimeout(this.#drainTimer);
    this.#requestCapture.release();
    this.#responseCapture.release();
    if (!this.#upload.complete) this.#upload.abandon(new WeirError('INGRESS_STOPPING', 'attempt ended'));
  }

  /** True when this is the outermost section of Weir's code for this attempt. */
  #enter(): boolean {
    if (this.#enteredAt >= 0) return false;
    this.#enteredAt = this.#context.dependencies.clock.monotonic();
    return true;
  }

  #leave(outer: boolean): void {
    if (!outer) return;
    this.#busyMs += this.#context.dependencies.clock.monotonic() - this.#enteredAt;
    this.#enteredAt = -1;
  }
}

const micros = (ms: number): number => Math.max(0, Math.round(ms * 1000));
