import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveRouting } from '../gateways/live-routing.ts';
import type { Call } from '../ledger/call-record.ts';
import { type CallMetadata, readCallMetadata, readRequestTimeout } from '../wire/call-metadata.ts';
import type { CallTarget } from '../wire/call-target.ts';
import type { KeyFingerprint } from '../wire/key-fingerprint.ts';
import { type Refusal, sendRefusal } from '../wire/refusal.ts';
import { Attempt, type AttemptContext } from './attempt.ts';
import { Slots } from './slots.ts';

const OVERLOADED: Refusal = { code: 'INGRESS_OVERLOADED', detail: '' };
const LOG_FULL: Refusal = { code: 'INGRESS_LOG_FULL', detail: '' };
const NO_WEBSOCKET: Refusal = { code: 'INGRESS_NOT_SUPPORTED', detail: 'WebSocket connections are not supported.' };
const HEADER_TEXT_MAX = 512;

/** Takes calls in: refuses what cannot be served or recorded, starts an attempt for the rest, and knows them all. */
export class CallAcceptor {
  readonly #context: AttemptContext;
  readonly #fingerprint: KeyFingerprint;
  readonly #routing: LiveRouting;
  readonly #attempts = new Slots<Attempt>();
  #stopping = false;

  constructor(context: AttemptContext, routing: LiveRouting, fingerprint: KeyFingerprint) {
    this.#context = context;
    this.#fingerprint = fingerprint;
    this.#routing = routing;
  }

  get inFlight(): number {
    return this.#attempts.size;
  }

  /** From now on every answer closes its connection, so that clients go elsewhere. */
  startStopping(): void {
    this.#stopping = true;
  }

  /** Ends every attempt that is still going on. */
  cutAll(): void {
    for (const attempt of this.#attempts.items()) attempt.cut('INGRESS_STOPPING');
  }

  accept(request: IncomingMessage, response: ServerResponse): void {
    const { config, dependencies, metrics } = this.#context;
    const acceptedAt = dependencies.clock.monotonic();
    const id = dependencies.uuid();
    const target = this.#targetOf(request);
    const metadata = readCallMetadata(request.headers, 'refusal' in target || target.settings.collectLogs);
    const idHeaders = this.#idHeaders(id, metadata);
    if (metadata.warning !== '') metrics.metadataWarnings.inc();
    if ('refusal' in target) {
      metrics.refusals.inc({ code: target.refusal.code });
      const details = { logId: id, method: request.method, code: target.refusal.code };
      dependencies.logger.debug(details, 'call refused');
      sendRefusal(response, target.refusal, idHeaders);
      return;
    }
    const { requestTimeoutMs } = target.settings;
    const timeoutMs = readRequestTimeout(request.headers) ?? (requestTimeoutMs === 0 ? undefined : requestTimeoutMs);
    const attempt = new Attempt(this.#context, {
      call: this.#callOf(id, request, target, metadata),
      request,
      response,
      idHeaders,
      acceptedAt,
      firstByteTimeoutMs: Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, config.firstByteTimeoutMs),
      onEnd: () => this.#attempts.remove(slot),
    });
    const slot = this.#attempts.add(attempt);
    attempt.start();
  }

  #targetOf(request: IncomingMessage): CallTarget | { readonly refusal: Refusal } {
    const { config, recorder } = this.#context;
    if (!recorder.accepting) return { refusal: LOG_FULL };
    if (this.#attempts.size >= config.callsInFlightMax) return { refusal: OVERLOADED };
    const { upgrade, 'x-fal-target-url': fal } = request.headers;
    if (upgrade?.toLowerCase() === 'websocket') return { refusal: NO_WEBSOCKET };
    return this.#routing.resolveTarget(request.url ?? '/', typeof fal === 'string' ? fal : undefined);
  }

  #callOf(id: string, request: IncomingMessage, target: CallTarget, metadata: CallMetadata): Call {
    const { dependencies } = this.#context;
    const { headers } = request;
    const { ownHeaders } = target;
    // The row names the credential that goes upstream.
    const sent = ownHeaders === undefined ? headers : { ...headers, ...ownHeaders };
    return {
      id,
      eventId: metadata.eventId === '' ? id : metadata.eventId,
      acceptedAt: dependencies.clock.now(),
      target,
      metadata,
      collectPayload: metadata.collectPayload && target.settings.collectPayloads,
      apiKeyId: this.#fingerprint(sent, target.credentialHeaders, target.path),
      method: request.method ?? 'GET',
      userAgent: (headers['user-agent'] ?? '').slice(0, HEADER_TEXT_MAX),
      requestContentType: (headers['content-type'] ?? '').slice(0, HEADER_TEXT_MAX),
      requestEncoding: headers['content-encoding'] ?? '',
    };
  }

  /** Weir's own answer headers, on every answer (reference: cloudflare-ai-gateway.md §2.2). */
  #idHeaders(id: string, metadata: CallMetadata): readonly string[] {
    const eventId = metadata.eventId === '' ? id : metadata.eventId;
    const headers = ['cf-aig-log-id', id, 'cf-aig-request-id', id, 'cf-aig-event-id', eventId, 'cf-aig-step', '0'];
    if (metadata.warning !== '') headers.push('cf-aig-metadata-warning', metadata.warning);
    if (this.#stopping) headers.push('connection', 'close');
    return headers;
  }
}
