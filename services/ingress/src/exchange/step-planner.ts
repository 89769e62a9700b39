import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorMessage } from '@weir/kernel';
import { CREDENTIAL_HEADERS, isRepeatableCall } from '@weir/providers';
import { type CacheWish, readCacheWish } from '../cache/cache-wish.ts';
import type { RoutingVersion } from '../gateways/live-routing.ts';
import { type Admission, admit, type Identity } from '../identity/admit.ts';
import { identityGate } from '../identity/identity-gate.ts';
import type { Call } from '../ledger/call-record.ts';
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
const SUBJECT: readonly string[] = ['authorization'];
const NO_HEADERS: readonly string[] = [];
/** Headers of a universal request that describe its own body, not that of a step. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding']);

/** What all steps of a call have in common. */
export interface CallStart {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly metadata: CallMetadata;
}

/** Where a universal call goes. */
interface UniversalCall {
  readonly place: UniversalTarget;
  readonly routing: RoutingVersion;
  readonly stopping: boolean;
}

/** Makes the steps of a call: what is sent to whom, and how often. */
export class StepPlanner {
  readonly #dependencies: IngressDependencies;
  readonly #fingerprint: KeyFingerprint;

  constructor(dependencies: IngressDependencies, fingerprint: KeyFingerprint) {
    this.#dependencies = dependencies;
    this.#fingerprint = fingerprint;
  }

  /** The one step of a call on a provider's own path. */
  native(
    { id, request, metadata }: CallStart,
    target: CallTarget,
    { identity, stopping }: { readonly identity: Identity; readonly stopping: boolean },
  ): CallStep | { readonly refusal: Refusal } {
    const { headers, rawHeaders } = request;
    const admission = admit(identity, headers, target, metadata, this.#dependencies.clock.now());
    if ('refusal' in admission) return admission;
    const policy = readCallPolicy(headers, target.settings.policy);
    const call = this.#callOf(id, request.method ?? 'GET', headers, admission);
    return {
      call,
      headers,
      rawHeaders,
      connection: headers.connection,
      body: undefined,
      retry: policy.retry,
      cache: cacheWish(call, headers),
      addsUsage: addsUsage(call),
      gate: identityGate(admission, this.#dependencies),
      timeoutMs: policy.timeoutMs,
      answerHeaders: answerHeaders(metadata, policy.warning, stopping),
    };
  }

  /** How to read the steps that the body of a universal call names; a caller without leave is told so before. */
  universal(
    start: CallStart,
    more: UniversalCall,
  ): ((body: Buffer) => readonly CallStep[] | { readonly refusal: Refusal }) | { readonly refusal: Refusal } {
    const { place, routing } = more;
    const { tokens } = routing.identity;
    const { 'cf-aig-authorization': own, authorization } = start.request.headers;
    const presented = typeof own === 'string' && own !== '' ? own : authorization;
    const token = presented === undefined || tokens.find(presented) === undefined ? undefined : presented;
    if (place.settings.authentication && token === undefined) {
      return { refusal: { code: 'INGRESS_UNAUTHORIZED', detail: 'A valid gateway token is needed.' } };
    }
    // A token that is not known is shown to each step all the same: it is told apart there from none at all.
    return (body) => this.#steps(start, { ...more, token: token ?? (typeof own === 'string' ? own : undefined) }, body);
  }

  #steps(
    start: CallStart,
    more: UniversalCall & { readonly token: string | undefined },
    body: Buffer,
  ): readonly CallStep[] | { readonly refusal: Refusal } {
    const { place, routing } = more;
    const read = readSteps(body);
    if ('refusal' in read) return read;
    const steps: CallStep[] = [];
    for (const [index, step] of read.entries()) {
      const target = routing.resolveTarget(
        `/v1/${place.account}/${place.gateway}/${step.provider}/${step.endpoint}`,
        lowerCased(step.headers)['x-fal-target-url'],
      );
      if ('refusal' in target) {
        const { code, detail } = target.refusal;
        return { refusal: { code, detail: `[${index}].provider, [${index}].endpoint: ${detail}` } };
      }
      const made = this.#stepOf(start, { index, step, target }, more);
      if ('refusal' in made) {
        const { refusal } = made;
        return { refusal: { ...refusal, detail: `[${index}]: ${refusal.detail}` } };
      }
      steps.push(made);
    }
    return steps;
  }

  #stepOf(
    { id, request }: CallStart,
    { index, step, target }: { readonly index: number; readonly step: UniversalStep; readonly target: CallTarget },
    { routing, stopping, token }: UniversalCall & { readonly token: string | undefined },
  ): CallStep | { readonly refusal: Refusal } {
    const own = lowerCased(step.headers);
    const shared = sharedHeaders(request.headers);
    const headers: IncomingHttpHeaders = { 'content-type': 'application/json', ...shared, ...own };
    const described = readCallMetadata(headers, target.settings.collectLogs);
    const shown = token === undefined ? headers : { 'cf-aig-authorization': token, ...headers };
    const admission = admit(routing.identity, shown, target, described, this.#dependencies.clock.now());
    if ('refusal' in admission) return admission;
    // The step's headers win over its config, that over the headers of the whole, those over the gateway.
    const policy = readCallPolicy({ ...shared, ...step.config, ...own }, target.settings.policy);
    const call = { ...this.#callOf(id, 'POST', headers, admission), step: index };
    return {
      call,
      headers,
      rawHeaders: rawStepHeaders(request.rawHeaders, step.headers, own),
      connection: request.headers.connection,
      body: step.query,
      retry: policy.retry,
      cache: cacheWish(call, headers),
      addsUsage: addsUsage(call),
      gate: identityGate(admission, this.#dependencies),
      timeoutMs: policy.timeoutMs,
      answerHeaders: answerHeaders(described, policy.warning, stopping),
    };
  }

  #callOf(id: string, method: string, headers: IncomingHttpHeaders, { target, metadata, token, key }: Admission): Call {
    const { ownHeaders } = target;
    // The row names the credential that goes upstream.
    const stored = key === undefined ? undefined : { authorization: key.subject };
    const sent = ownHeaders === undefined ? headers : { ...headers, ...ownHeaders };
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
      apiKeyId:
        stored === undefined
          ? this.#fingerprint(sent, target.credentialHeaders, target.path)
          : this.#fingerprint(stored, SUBJECT, ''),
      tokenId: token === undefined ? '' : token.id,
      method,
      userAgent: (headers['user-agent'] ?? '').slice(0, HEADER_TEXT_MAX),
      requestContentType: (headers['content-type'] ?? '').slice(0, HEADER_TEXT_MAX),
      requestEncoding: headers['content-encoding'] ?? '',
    };
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
