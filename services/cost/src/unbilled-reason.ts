import type { RequestEvent } from '@weir/events';
import type { ExchangeFacts } from '@weir/providers';

/** Failures before a byte reached the provider: it cannot have billed. */
const NEVER_SENT = new Set(['UPSTREAM_REFUSED', 'UPSTREAM_DNS', 'UPSTREAM_TLS', 'UPSTREAM_CONNECT_TIMEOUT']);
/** Flag of a retrieval whose usage was, or will be, billed by another call. */
export const REPEATED_USAGE = 'repeated_usage';
const READ_ONLY_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/**
 * Whether an attempt without usage is known to have cost nothing (`free`), or its cost is unknown (the reason).
 * A provider does not bill an error answered before any output (reference: providers.md §4.2); an answer that never
 * came or was cut may have been billed, so its cost is unknown (I5).
 */
export function unbilledReason(event: RequestEvent, facts: ExchangeFacts): 'free' | string {
  if (NEVER_SENT.has(event.error_code)) return 'free';
  if (facts.flags.includes('free_endpoint')) return 'free';
  // A GET of a stored answer or batch shows usage that its creation billed, or will: which, one event cannot tell.
  if (facts.flags.includes(REPEATED_USAGE)) return REPEATED_USAGE;
  if (event.status === 0) return 'no_answer';
  if (event.status >= 400) return 'free';
  if (READ_ONLY_METHODS.has(event.method)) return 'free';
  if (!event.complete) return 'answer_cut';
  if (facts.error !== null && !facts.error.midStream) return 'free';
  return 'usage_missing';
}
