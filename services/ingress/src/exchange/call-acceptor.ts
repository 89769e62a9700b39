import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveRouting } from '../gateways/live-routing.ts';
import type { Call } from '../ledger/call-record.ts';
import { type CallMetadata, readCallMetadata } from '../wire/call-metadata.ts';
import { readCallPolicy } from '../wire/call-policy.ts';
import type { CallTarget } from '../wire/call-target.ts';
import type { KeyFingerprint } from '../wire/key-fingerprint.ts';
import { type Refusal, sendRefusal } from '../wire/refusal.ts';
import type { AttemptContext } from './attempt.ts';
import { Exchange } from './exchange.ts';
import { Slots } from './slots.ts';

const OVERLOADED: Refusal = { code: 'INGRESS_OVERLOADED', detail: '' };
const LOG_FULL: Refusal = { code: 'INGRESS_LOG_FULL', detail: '' };
const NO_WEBSOCKET: Refusal = { code: 'INGRESS_NOT_SUPPORTED', detail: 'WebSocket connections are not supported.' };
const HEADER_TEXT_MAX = 512;
const NO_HEADERS: readonly string[] = [];

/** Takes calls in: refuses what cannot be served or recorded, starts an exchange for the rest, and knows them all. */
export class CallAcceptor {
  readonly #context: AttemptContext;
  readonly #fingerprint: KeyFingerprint;
  readonly #routing: LiveRouting;
  readonly #exchanges = new Slots<Exchange>();
  #stopping = false;

  constructor(context: AttemptContext, routing: LiveRouting, fingerprint: KeyFingerprint) {
    this.#context = context;
    this.#fingerprint = fingerprint;
    this.#routing = routing;
  }

  get inFlight(): number {
    return this.#exchanges.size;
  }

  /** From now on every answer closes its connection, so that clients go elsewhere. */
  startStopping(): void {
    this.#stopping = true;
  }

  /** Ends every call that is still going on. */
  cutAll(): void {
    for (const exchange of this.#exchanges.items()) exchange.cut('INGRESS_STOPPING');
  }

  accept(request: IncomingMessage, response: ServerResponse): void {
    const { dependencies, metrics } = this.#context;
    const acceptedAt = dependencies.clock.monotonic();
    const id = dependencies.uuid();
    const target = this.#targetOf(request);
    const metadata = readCallMetadata(request.headers, 'refusal' in target || target.settings.collectLogs);
    if (metadata.warning !== '') metrics.metadataWarnings.inc();
    if ('refusal' in target) {
      metrics.refusals.inc({ code: target.refusal.code });
      const details = { logId: id, method: request.method, code: target.refusal.code };
      dependencies.logger.debug(details, 'call refused');
      sendRefusal(response, target.refusal, this.#refusalHeaders(id, metadata));
      return;
    }
    const policy = readCallPolicy(request.headers, target.settings.policy);
    const { rawHeaders, headers } = request;
    const call = this.#callOf(id, request, target, metadata);
    const exchange = new Exchange(this.#context, {
      steps: [{ call, rawHeaders, connection: headers.connection, body: undefined, ...policy }],
      request,
      response,
      ownHeaders: this.#ownHeaders(metadata, policy.warning),
      acceptedAt,
      onEnd: () => this.#exchanges.remove(slot),
    });
    const slot = this.#exchanges.add(exchange);
    exchange.start();
  }

  #targetOf(request: IncomingMessage): CallTarget | { readonly refusal: Refusal } {
    const { config, recorder } = this.#context;
    if (!recorder.accepting) return { refusal: LOG_FULL };
    if (this.#exchanges.size >= config.callsInFlightMax) return { refusal: OVERLOADED };
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
      parentId: id,
      attempt: 1,
      step: 0,
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

  #refusalHeaders(id: string, metadata: CallMetadata): readonly string[] {
    const eventId = metadata.eventId === '' ? id : metadata.eventId;
    const ids = ['cf-aig-log-id', id, 'cf-aig-request-id', id, 'cf-aig-event-id', eventId, 'cf-aig-step', '0'];
    return [...ids, ...this.#ownHeaders(metadata, '')];
  }

  /** Weir's own answer headers beside the ids. */
  #ownHeaders(metadata: CallMetadata, retryWarning: string): readonly string[] {
    if (metadata.warning === '' && retryWarning === '' && !this.#stopping) return NO_HEADERS;
    const headers: string[] = [];
    if (metadata.warning !== '') headers.push('cf-aig-metadata-warning', metadata.warning);
    if (retryWarning !== '') headers.push('cf-aig-retry-warning', retryWarning);
    if (this.#stopping) headers.push('connection', 'close');
    return headers;
  }
}
