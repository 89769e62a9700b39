import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorMessage } from '@weir/kernel';
import { CREDENTIAL_HEADERS, isRepeatableCall } from '@weir/providers';
import { type CacheWish, readCacheWish } from '../cache/cache-wish.ts';
import type { RoutingVersion } from '../gateways/live-routing.ts';
import { type Admission, admit } from '../identity/admit.ts';
import { identityGate } from '../identity/identity-gate.ts';
import type { Token } from '../identity/token-book.ts';
import type { Call } from '../ledger/call-record.ts';
import { type LimitContext, limitGate } from '../limits/limit-gate.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import type { StepGate } from '../limits/step-gate.ts';
import type { IngressDependencies } from '../ports.ts';
import { mayAddUsage } from '../usage/usage-request.ts';
import { type CallMetadata, readCallMetadata } from '../wire/call-metadata.ts';
import { readCallPolicy } from '../wire/call-policy.ts';
import type { CallTarget, UniversalTarget } from '../wire/call-target.ts';
import type { KeyFingerprint } from '../wire/key-fingerprint.ts';
import type { Refusal } from '../wire/refusal.ts';
import { readUniversalRequest, type UniversalStep } from '../wire/universal-request.ts';
import type { CallStep } from './call-step.ts';

const HEADER_TEXT_MAX = 512;
const NO_HEADERS: readonly string[] = [];
const NO_LIMITS: readonly RateLimit[] = [];
/** Headers of a universal request that describe its own body, not that of a step. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding']);

/** What all steps of a call have in common. */
export interface CallStart {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly metadata: CallMetadata;
  readonly routing: RoutingVersion;
  readonly stopping: boolean;
}

type Refused = { readonly refusal: Refusal };

/** Makes the steps of a call: what is sent to whom, and how often. */
export class StepPlanner {
  readonly #dependencies: IngressDependencies;
  readonly #fingerprint: KeyFingerprint;

  readonly #limits: LimitContext;

  constructor(dependencies: IngressDependencies, limits: LimitContext, fingerprint: KeyFingerprint) {
    this.#dependencies = dependencies;
    this.#limits = limits;
    this.#fingerprint = fingerprint;
  }

  /** The one step of a call on a provider's own path. */
  native({ id, request, metadata: said, routing, stopping }: CallStart, asked: CallTarget): CallStep | Refused {
    const { headers, rawHeaders } = request;
    const admission = admit(routing.identity, headers, asked, said, this.#dependencies.clock.now());
    if ('refusal' in admission) return admission;
    const { target, metadata } = admission;
    const policy = readCallPolicy(headers, target.settings.policy);
    const call = this.#callOf(id, request.method ?? 'GET', headers, admission);
    return {
      call,
      headers,
      cache: cacheWish(call, headers),
      addsUsage: addsUsage(call),
      rawHeaders,
      connection: headers.connection,
      body: undefined,
      retry: policy.retry,
      gate: this.#gateOf(admission),
      timeoutMs: policy.timeoutMs,
      answerHeaders: answerHeaders(metadata, policy.warning, stopping),
    };
  }

  /** The steps that the body of a universal call names. */
  universal(
    start: CallStart,
    place: UniversalTarget,
    caller: Token | undefined,
    body: Buffer,
  ): readonly CallStep[] | Refused {
    const read = readSteps(body);
    if ('refusal' in read) return read;
    const steps: CallStep[] = [];
    for (const [index, step] of read.entries()) {
      const target = start.routing.resolveTarget(
        `/v1/${place.account}/${place.gateway}/${step.provider}/${step.endpoint}`,
        lowerCased(step.headers)['x-fal-target-url'],
      );
      if ('refusal' in target) {
        const { code, detail } = target.refusal;
        return { refusal: { code, detail: `[${index}].provider, [${index}].endpoint: ${detail}` } };
      }
      const planned = this.#stepOf(start, index, step, target, caller);
      if ('refusal' in planned) {
        const { refusal } = planned;
        return { refusal: { ...refusal, detail: `[${index}]: ${refusal.detail}` } };
      }
      steps.push(planned);
    }
    return steps;
  }

  #stepOf(
    { id, request, routing, stopping }: CallStart,
    index: number,
    step: UniversalStep,
    asked: CallTarget,
    caller: Token | undefined,
  ): CallStep | Refused {
    const own = lowerCased(step.headers);
    const shared = sharedHeaders(request.headers);
    const headers: IncomingHttpHeaders = { 'content-type': 'application/json', ...shared, ...own };
    const said = readCallMetadata(headers, asked.settings.collectLogs);
    const admission = admit(routing.identity, headers, asked, said, this.#dependencies.clock.now(), caller);
    if ('refusal' in admission) return admission;
    const { target, metadata } = admission;
    // The step's headers win over its config, that over the headers of the whole, those over the gateway.
    const policy = readCallPolicy({ ...shared, ...step.config, ...own }, target.settings.policy);
    const call = this.#callOf(id, 'POST', headers, admission);
    return {
      call: { ...call, step: index },
      headers,
      cache: cacheWish(call, headers),
      addsUsage: addsUsage(call),
      rawHeaders: rawStepHeaders(request.rawHeaders, step.headers, own),
      connection: request.headers.connection,
      body: step.query,
      retry: policy.retry,
      gate: this.#gateOf(admission),
      timeoutMs: policy.timeoutMs,
      answerHeaders: answerHeaders(metadata, policy.warning, stopping),
    };
  }

  #callOf(id: string, method: string, headers: IncomingHttpHeaders, admission: Admission): Call {
    const { target, metadata, token } = admission;
    return {
      id,
      parentId: id,
      attempt: 1,
      step: 0,
      eventId: metadata.eventId === '' ? id : metadata.eventId,
      acceptedAt: this.#dependencies.clock.now(),
      target,
      metadata,
      collectPayload: metadata.collectPayload && target.settings.collectPayloads,
      apiKeyId: this.#credentialOf(headers, admission),
      tokenId: token === undefined ? '' : token.id,
      method,
      userAgent: (headers['user-agent'] ?? '').slice(0, HEADER_TEXT_MAX),
      requestContentType: (headers['content-type'] ?? '').slice(0, HEADER_TEXT_MAX),
      requestEncoding: headers['content-encoding'] ?? '',
    };
  }

  #gateOf(admission: Admission): StepGate | undefined {
    const identity = identityGate(admission, this.#dependencies);
    const { limits } = admission.target.settings;
    const own = admission.token?.limits ?? NO_LIMITS;
    return limitGate(this.#limits, own.length === 0 ? limits : [...own, ...limits], identity);
  }

  /** Names the credential that goes upstream. */
  #credentialOf(headers: IncomingHttpHeaders, { target, key }: Admission): string {
    if (key !== undefined) return this.#fingerprint({ authorization: key.subject }, ['authorization'], '');
    const { ownHeaders } = target;
    const sent = ownHeaders === undefined ? headers : { ...headers, ...ownHeaders };
    return this.#fingerprint(sent, target.credentialHeaders, target.path);
  }
}

/** What a call wants of the cache; a gateway's own setting is for calls that may be repeated only. */
function cacheWish({ method, target }: Call, headers: IncomingHttpHeaders): CacheWish | undefined {
  const wish = readCacheWish(headers, target.settings.cacheTtlSeconds);
  if (wish === undefined || wish.asked) return wish;
  // A call that asks for the cache itself knows what it does; a setting must not make of two uploads or two jobs one.
  return isRepeatableCall(method, target.path, target.provider) ? wish : undefined;
}

function addsUsage({
  method,
  target,
  requestContentType: contentType,
  requestEncoding: contentEncoding,
}: Call): boolean {
  const { provider, path, settings } = target;
  return mayAddUsage({ method, provider, path, contentType, contentEncoding }, settings.includeUsage);
}

function readSteps(body: Buffer): readonly UniversalStep[] | { readonly refusal: Refusal } {
  try {
    return readUniversalRequest(body);
  } catch (error) {
    return { refusal: { code: 'INGRESS_UNIVERSAL_INVALID', detail: errorMessage(error) } };
  }
}

/** Weir's own answer headers beside the ids. */
export function answerHeaders(metadata: CallMetadata, retryWarning: string, stopping: boolean): readonly string[] {
  if (metadata.warning === '' && retryWarning === '' && !stopping) return NO_HEADERS;
  const headers: string[] = [];
  if (metadata.warning !== '') headers.push('cf-aig-metadata-warning', metadata.warning);
  if (retryWarning !== '') headers.push('cf-aig-retry-warning', retryWarning);
  if (stopping) headers.push('connection', 'close');
  return headers;
}

/** True for a header of the whole request that counts for each step: a credential goes to no provider but its own. */
const isShared = (name: string): boolean => !CREDENTIAL_HEADERS.has(name) && !OF_THE_BODY.has(name);

function sharedHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isShared(name)));
}

function lowerCased(headers: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value]));
}

/** The request headers of a step: those of the whole that are shared, and the step's, which win. */
function rawStepHeaders(
  raw: readonly string[],
  step: ReadonlyMap<string, string>,
  own: Readonly<Record<string, string>>,
): string[] {
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if (isShared(lower) && !Object.hasOwn(own, lower)) headers.push(name, raw[index + 1] ?? '');
  }
  for (const [name, value] of step) headers.push(name, value);
  if (!Object.hasOwn(own, 'content-type')) headers.push('content-type', 'application/json');
  return headers;
}
