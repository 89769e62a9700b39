import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveRouting } from '../gateways/live-routing.ts';
import { admitCaller } from '../identity/admit.ts';
import type { LimitContext } from '../limits/limit-gate.ts';
import { answerHeaders, type CallStart, StepPlanner } from '../plan/step-planner.ts';
import { type CallMetadata, readCallMetadata } from '../wire/call-metadata.ts';
import type { CallTarget, UniversalTarget } from '../wire/call-target.ts';
import { idHeaders } from '../wire/id-headers.ts';
import type { KeyFingerprint } from '../wire/key-fingerprint.ts';
import { type Refusal, sendRefusal } from '../wire/refusal.ts';
import type { AttemptContext } from './attempt.ts';
import { Exchange, type ExchangeOptions } from './exchange.ts';
import { Slots } from './slots.ts';

const OVERLOADED: Refusal = { code: 'INGRESS_OVERLOADED', detail: '' };
const LOG_FULL: Refusal = { code: 'INGRESS_LOG_FULL', detail: '' };
const NO_WEBSOCKET: Refusal = { code: 'INGRESS_NOT_SUPPORTED', detail: 'WebSocket connections are not supported.' };

/** Takes calls in: refuses what cannot be served or recorded, starts an exchange for the rest, and knows them all. */
export class CallAcceptor {
  readonly #context: AttemptContext;
  readonly #planner: StepPlanner;
  readonly #routing: LiveRouting;
  readonly #exchanges = new Slots<Exchange>();
  #stopping = false;

  constructor(context: AttemptContext, routing: LiveRouting, limits: LimitContext, fingerprint: KeyFingerprint) {
    this.#context = context;
    this.#planner = new StepPlanner(context.dependencies, limits, fingerprint);
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
    const eventId = metadata.eventId === '' ? id : metadata.eventId;
    const steps = 'refusal' in target ? target : this.#stepsOf({ id, request, metadata }, target);
    if ('refusal' in target || 'refusal' in steps) {
      const refusal = 'refusal' in target ? target.refusal : (steps as { readonly refusal: Refusal }).refusal;
      metrics.refusals.inc({ code: refusal.code });
      const details = { logId: id, method: request.method, code: refusal.code };
      dependencies.logger.debug(details, 'call refused');
      const headers = [...idHeaders({ id, parentId: id, eventId, step: 0 }), ...this.#answerHeaders(metadata)];
      sendRefusal(response, refusal, headers);
      return;
    }
    const exchange = new Exchange(this.#context, {
      id,
      eventId,
      settings: target.settings,
      steps,
      request,
      response,
      answerHeaders: this.#answerHeaders(metadata),
      acceptedAt,
      onEnd: () => this.#exchanges.remove(slot),
    });
    const slot = this.#exchanges.add(exchange);
    exchange.start();
  }

  #targetOf(request: IncomingMessage): CallTarget | UniversalTarget | { readonly refusal: Refusal } {
    const { config, recorder } = this.#context;
    if (!recorder.accepting) return { refusal: LOG_FULL };
    if (this.#exchanges.size >= config.callsInFlightMax) return { refusal: OVERLOADED };
    const { upgrade, 'x-fal-target-url': fal } = request.headers;
    if (upgrade?.toLowerCase() === 'websocket') return { refusal: NO_WEBSOCKET };
    const { url = '/' } = request;
    const target = this.#routing.current.resolveTarget(url, typeof fal === 'string' ? fal : undefined);
    if (!('refusal' in target) || request.method !== 'POST') return target;
    return this.#routing.current.resolveUniversal(url) ?? target;
  }

  #stepsOf(
    call: Omit<CallStart, 'routing' | 'stopping'>,
    target: CallTarget | UniversalTarget,
  ): ExchangeOptions['steps'] | { readonly refusal: Refusal } {
    const routing = this.#routing.current;
    const start = { ...call, routing, stopping: this.#stopping };
    if ('provider' in target) {
      const step = this.#planner.native(start, target);
      return 'refusal' in step ? step : [step];
    }
    const { clock } = this.#context.dependencies;
    const caller = admitCaller(routing.identity, call.request.headers, target, clock.now());
    if ('refusal' in caller) return caller;
    return (body) => this.#planner.universal(start, target, caller.token, body);
  }

  #answerHeaders(metadata: CallMetadata): readonly string[] {
    return answerHeaders(metadata, '', this.#stopping);
  }
}
