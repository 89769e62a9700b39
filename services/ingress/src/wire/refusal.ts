import type { ServerResponse } from 'node:http';
import { INGRESS_ERRORS, type IngressErrorCode } from '../errors.ts';

/** An answer that Weir makes itself instead of the provider. */
export interface Refusal {
  readonly code: IngressErrorCode;
  /** What exactly is wrong, for a person; never a body, a credential or anything else that is secret. */
  readonly detail: string;
  /** Instead of the code's own message on the wire. */
  readonly message?: string;
  /** When it is worth to ask again, where the code does not say it. */
  readonly retryAfterSeconds?: number;
  /** Flat list of headers for this answer alone. */
  readonly headers?: readonly string[];
}

interface WireError {
  readonly httpStatus: number;
  /** Cloudflare's number where it has one (reference: cloudflare-ai-gateway.md §10.2); Weir's own start at 2100. */
  readonly number: number;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

const badGateway: WireError = { httpStatus: 502, number: 2005, message: 'Failed to get response from provider' };
const gatewayTimeout: WireError = { ...badGateway, httpStatus: 504 };
const invalidProvider: WireError = { httpStatus: 400, number: 2008, message: 'Invalid provider' };

const unknownGateway: WireError = {
  httpStatus: 400,
  number: 2001,
  message: 'Please configure AI Gateway in the Cloudflare dashboard',
};

const WIRE: Partial<Record<IngressErrorCode, WireError>> = {
  INGRESS_PROVIDER_UNKNOWN: invalidProvider,
  INGRESS_PATH_INVALID: invalidProvider,
  INGRESS_GATEWAY_UNKNOWN: unknownGateway,
  INGRESS_ACCOUNT_UNKNOWN: unknownGateway,
  INGRESS_UNAUTHORIZED: { httpStatus: 401, number: 2009, message: 'Unauthorized' },
  INGRESS_RATE_LIMITED: { httpStatus: 429, number: 2003, message: 'Rate limited', retryAfterSeconds: 1 },
  INGRESS_BUDGET_EXCEEDED: { httpStatus: 429, number: 2041, message: 'Spend limit exceeded', retryAfterSeconds: 60 },
  INGRESS_STATE_UNREACHABLE: {
    httpStatus: 503,
    number: 2108,
    message: 'Limits cannot be counted',
    retryAfterSeconds: 1,
  },
  INGRESS_DENIED: { httpStatus: 403, number: 2105, message: 'Access denied by policy' },
  INGRESS_KEY_UNKNOWN: { httpStatus: 400, number: 2040, message: 'No such BYOK credential' },
  INGRESS_CREDENTIAL_FAILED: { httpStatus: 502, number: 2106, message: 'No credential for the provider' },
  INGRESS_NOT_SUPPORTED: { httpStatus: 404, number: 2008, message: 'Not supported' },
  INGRESS_REQUEST_INVALID: { httpStatus: 400, number: 2100, message: 'Invalid request' },
  INGRESS_UNIVERSAL_INVALID: { httpStatus: 400, number: 7001, message: 'Invalid request' },
  INGRESS_BODY_TOO_LARGE: { httpStatus: 413, number: 2101, message: 'Request body too large' },
  INGRESS_OVERLOADED: { httpStatus: 503, number: 2102, message: 'Overloaded', retryAfterSeconds: 1 },
  INGRESS_LOG_FULL: { httpStatus: 503, number: 2103, message: 'Event log is full', retryAfterSeconds: 5 },
  INGRESS_STOPPING: { httpStatus: 503, number: 2104, message: 'Gateway is stopping', retryAfterSeconds: 1 },
  UPSTREAM_ALL_FAILED: { ...badGateway, httpStatus: 400 },
  UPSTREAM_CONNECT_TIMEOUT: gatewayTimeout,
  UPSTREAM_FIRST_BYTE_TIMEOUT: gatewayTimeout,
  UPSTREAM_IDLE_TIMEOUT: gatewayTimeout,
};

/** The HTTP status and body of a refusal: Cloudflare's envelope, with `error` and `errors` (reference: §10.1). */
export function refusalAnswer(refusal: Refusal): { readonly status: number; readonly body: string } {
  const { httpStatus, number, message: usual } = WIRE[refusal.code] ?? badGateway;
  const message = refusal.message ?? usual;
  const errors = [{ code: number, message }];
  const body = JSON.stringify({
    success: false,
    result: [],
    messages: [],
    error: errors,
    errors,
    name: 'AiGatewayError',
    httpCode: httpStatus,
    internalCode: number,
    message,
    description: refusal.detail === '' ? INGRESS_ERRORS[refusal.code] : refusal.detail,
    weirCode: refusal.code,
  });
  return { status: httpStatus, body };
}

/** Sends a refusal with Weir's own headers (`idHeaders`, flat name-value list). */
export function sendRefusal(response: ServerResponse, refusal: Refusal, idHeaders: readonly string[]): void {
  const { status, body } = refusalAnswer(refusal);
  const retryAfter = refusal.retryAfterSeconds ?? WIRE[refusal.code]?.retryAfterSeconds;
  response.writeHead(status, [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    ...(retryAfter === undefined ? [] : ['retry-after', String(retryAfter)]),
    ...(refusal.headers ?? []),
    ...idHeaders,
  ]);
  response.end(body);
}
