import type { CostEvent } from '@weir/events';
import { WeirError } from '@weir/kernel';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DAY_MS = 86_400_000;
/** An event far from the time it was logged would make a partition of its own: a bomb for the warehouse. */
const SKEW_MS_MAX = 7 * DAY_MS;
/** 100,000 USD for one call is a fault, not a price (reference: warehouse.md §2.3). */
const COST_MAX = 100_000n * 10n ** 12n;

const COUNTS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
  'duration_ms',
  'ttfb_ms',
  'overhead_us',
  'request_bytes',
  'response_bytes',
] as const;

/**
 * Checks what the warehouse would refuse or what would poison it, before a range is sealed.
 * @throws WeirError `ROW_INVALID` naming the field and the value.
 */
export function validateCost(event: CostEvent, loggedAtMs: number): void {
  if (!UUID.test(event.request_id)) throw invalid('request_id', event.request_id);
  if (Math.abs(event.ts - loggedAtMs) > SKEW_MS_MAX) throw invalid('ts', event.ts);
  for (const field of COUNTS) {
    const value = event[field];
    if (!Number.isSafeInteger(value) || value < 0) throw invalid(field, value);
  }
  if (event.status < 0 || event.status > 999) throw invalid('status', event.status);
  const cost = event.cost_usd ?? 0n;
  if (cost < 0n || cost >= COST_MAX) throw invalid('cost_usd', cost);
}

const invalid = (field: string, value: unknown): WeirError =>
  new WeirError('ROW_INVALID', `${field} is ${String(value).slice(0, 100)}`);
