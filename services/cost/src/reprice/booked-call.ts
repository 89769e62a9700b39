import type { CostColumns } from '../cost-columns.ts';

/** What a price is made from: the columns of a ledger row that pricing looks at. Rows alike in all of them cost the same. */
export interface BookedCall {
  readonly account: string;
  readonly gateway: string;
  readonly provider: string;
  readonly pricingProvider: string;
  readonly requestModel: string;
  readonly responseModel: string;
  readonly serviceTier: string;
  readonly region: string;
  readonly operation: string;
  /** Gross counts, in the order of COUNTS. */
  readonly counts: readonly number[];
  /** Quantities of the booked lines by billable class. */
  readonly usage: Readonly<Record<string, number>>;
  readonly usageFlags: readonly string[];
  /** The provider's usage object verbatim. */
  readonly usageRaw: string;
  /** Whether the booked lines name a class twice: several parts of one answer were priced apart. */
  readonly inParts: boolean;
  /** Price rows that the booked lines took their rates from. */
  readonly rateIds: number;
}

/** Gross counts of a row, by column. */
export const COUNTS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
] as const;

/** Parts of a cost that rows and corrections carry beside the total. */
export const PARTS: readonly (keyof CostColumns)[] = [
  'cost_input_usd',
  'cost_cache_read_usd',
  'cost_cache_write_usd',
  'cost_output_usd',
  'cost_other_usd',
];

/**
 * Rows whose cost is a price times a usage: not what the provider or the caller said it cost, nor what is known to have
 * been free, nor what no usage is known of.
 */
export const PRICED_BY_BOOK = `revision = 1 AND cost_source IN ('computed', 'override', 'unpriced')
  AND NOT has(cost_lines.rate_id, 'cf-aig-custom-cost') AND (notEmpty(usage) OR notEmpty(cost_lines))`;

/** The moment a call is priced by, ms since the epoch. */
export const PRICED_AT = 'toUnixTimestamp64Milli(ts) + duration_ms';

/** The columns of a call, in the order in which `bookedCall` reads them. */
export const CALL_SELECT = `account, gateway, provider, pricing_provider, request_model, response_model, service_tier, region,
  operation, [${COUNTS.join(', ')}], usage, usage_flags, usage_raw,
  toUInt8(length(arrayDistinct(cost_lines.class)) < length(cost_lines)),
  toUInt32(length(arrayFilter(x -> x != '', arrayDistinct(cost_lines.rate_id))))`;

type CallRow = readonly [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  counts: readonly number[],
  usage: Readonly<Record<string, number>>,
  flags: readonly string[],
  raw: string,
  inParts: number,
  rateIds: number,
];

/** Reads the values of CALL_SELECT. */
export function bookedCall(row: readonly unknown[]): BookedCall {
  const [
    account,
    gateway,
    provider,
    pricingProvider,
    requestModel,
    responseModel,
    serviceTier,
    region,
    operation,
    ...rest
  ] = row as CallRow;
  const [counts, usage, usageFlags, usageRaw, inParts, rateIds] = rest;
  const models = { provider, pricingProvider, requestModel, responseModel };
  const called = { account, gateway, serviceTier, region, operation };
  return { ...called, ...models, counts, usage, usageFlags, usageRaw, inParts: inParts === 1, rateIds };
}
