import { decodeBody } from '@weir/events';
import { errorMessage } from '@weir/kernel';
import type { Call } from '../ledger/call-record.ts';
import type { EnterResult, StepGate } from '../limits/step-gate.ts';
import type { IngressDependencies } from '../ports.ts';
import type { Admission } from './admit.ts';
import type { StoredKey } from './key-store.ts';

type Readers = Pick<IngressDependencies, 'readExchange' | 'logger'>;

const EMPTY = { head: Buffer.alloc(0), tail: Buffer.alloc(0), bytes: 0 };

/** Checks the model where the token restricts models, and adds the stored key; undefined when there is neither. */
export function identityGate({ token, key }: Admission, readers: Readers): StepGate | undefined {
  const checksModels = token?.restrictsModels === true;
  if (!checksModels && key === undefined) return undefined;
  return {
    needsBody: checksModels || key?.credential.needsBody === true,
    check(call, body) {
      if (!checksModels || mayAsk(call, body, token.model, readers)) return undefined;
      return { code: 'INGRESS_DENIED', detail: 'The token may not ask for this model.' };
    },
    enter: (call, body) => (key === undefined ? NOTHING : credentials(key, call, body, readers)),
  };
}

const NOTHING: EnterResult = { headers: undefined };

function credentials(
  { name, credential }: StoredKey,
  call: Call,
  body: Buffer | null | undefined,
  { logger }: Readers,
): EnterResult | Promise<EnterResult> {
  const headers = credential.headers({ method: call.method, target: call.target, body });
  if (!(headers instanceof Promise)) return { headers };
  return headers.then(
    (minted): EnterResult => ({ headers: minted }),
    (error: unknown): EnterResult => {
      logger.warn({ logId: call.id, key: name, reason: errorMessage(error) }, 'no credential for the provider');
      return { refusal: { code: 'INGRESS_CREDENTIAL_FAILED', detail: '' } };
    },
  );
}

/**
 * Every model that the request names must be allowed, in its path and in its body: which of them counts is the
 * provider's to decide. A call that names none, as for a list of models does, must not send a body.
 */
function mayAsk(
  call: Call,
  body: Buffer | null | undefined,
  allowed: (model: string) => boolean,
  readers: Readers,
): boolean {
  const sent = body ?? null;
  const named = [requestedModel(call, null, readers), sent === null ? '' : requestedModel(call, sent, readers)];
  const models = named.filter((model) => model !== '');
  if (models.length === 0) return sent === null && (call.method === 'GET' || call.method === 'HEAD');
  return models.every(allowed);
}

/** The model that a request asks for, of its body or path; '' when it names none. */
function requestedModel(call: Call, body: Buffer | null, { readExchange }: Pick<Readers, 'readExchange'>): string {
  const sent = body === null ? EMPTY : { head: body, tail: EMPTY.tail, bytes: body.length };
  return readExchange({
    provider: call.target.provider,
    region: call.target.region,
    method: call.method,
    path: call.target.path,
    status: 0,
    requestContentType: call.requestContentType,
    responseContentType: '',
    responseHeaders: {},
    request: decodeBody(sent, call.requestEncoding),
    response: EMPTY,
    complete: false,
  }).requestModel;
}
