import type { RequestEvent } from '@weir/events';
import type { ExchangeFacts } from '@weir/providers';

/** Failures before a byte reached the provider: it cannot have billed. */
const NEVER_SENT = new Set(['UPSTREAM_REFUSED', 'UPSTREAM_DNS', 'UPSTREAM_TLS', 'UPSTREAM_CONNECT_TIMEOUT']);
/** Flag of a retrieval whose usage was, or will be, billed by another call. */
export const REPEATED_USAGE = 'repeated_usage';
/** Methods that make nothing: what they show was made by another call. */
export const READ_ONLY_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/**
 * Whether an attempt without usage is known to have cost nothing (`free`), or its cost is unknown (the reason).
 * A provider does not bill an error answered before any output (reference: providers.md §4.2); an answer that never
 * came or was cut may have been billed, so its cost is unknown (I5).
 */
export function unbilledReason(event: RequestEvent, facts: ExchangeFacts): 'free' | string {
  if (NEVER_SENT.has(event.error_code)) return 'free';
  if (facts.flags.includes('free_endpoint')) return 'free';
  if (facts.flags.includes(REPEATED_USAGE)) return repeatedReason(facts);
  if (event.status === 0) return 'no_answer';
  if (event.status >= 400) return 'free';
  if (READ_ONLY_METHODS.has(event.method)) return 'free';
  if (!event.complete) return 'answer_cut';
  if (facts.error !== null && !facts.error.midStream) return 'free';
  return facts.operation === 'batch' || facts.finishReasons.some(isUnfinished) ? 'answered_later' : 'usage_missing';
}

/** Results that are fetched, or an answer that is asked for, book the usage. */
const isUnfinished = (reason: string): boolean => reason === 'queued' || reason === 'in_progress';

/** Why a retrieval does not book what it shows: another row does, or nobody can tell. */
function repeatedReason({ flags }: ExchangeFacts): 'free' | string {
  if (flags.includes('booked_elsewhere') || flags.includes('billed_by_creation')) return 'free';
  return NOT_BOOKED.find((reason) => flags.includes(reason)) ?? REPEATED_USAGE;
}
const NOT_BOOKED = ['results_cut', 'result_without_id', 'result_without_time', 'result_too_old', 'claims_full'];
