import type { Outcome } from '@weir/events';
import type { IngressErrorCode } from '../errors.ts';

const BY_CODE: Partial<Record<IngressErrorCode, Outcome>> = {
  UPSTREAM_CONNECT_TIMEOUT: 'timeout',
  UPSTREAM_FIRST_BYTE_TIMEOUT: 'timeout',
  UPSTREAM_IDLE_TIMEOUT: 'timeout',
  INGRESS_STOPPING: 'cancelled',
  INGRESS_BUDGET_CUT: 'blocked',
  INGRESS_BODY_TOO_LARGE: 'client_error',
};

/** How an attempt ended, in the ledger's word. A client that left comes first, then Weir's code, then the status. */
export function outcomeOf(status: number, errorCode: IngressErrorCode | '', clientGone: boolean): Outcome {
  if (clientGone) return 'cancelled';
  if (errorCode !== '') return BY_CODE[errorCode] ?? 'provider_error';
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'provider_error';
  return status >= 400 ? 'client_error' : 'ok';
}
