import type { CostEvent } from '@weir/events';

/** The names of a sighting, in the order of its log record. */
export const SIGHTING_NAMES = [
  'tenant',
  'env',
  'feature',
  'user',
  'provider',
  'model',
  'prompt',
  'key',
  'tariff',
] as const;
export type SightingName = (typeof SIGHTING_NAMES)[number];

/** What the detector is to know of one attempt. */
export interface Sighting extends Readonly<Record<SightingName, string>> {
  /** Of the record in its partition of weir.costs. */
  readonly offset: number;
  readonly requestId: string;
  readonly ts: number;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly status: number;
  readonly attempt: number;
  /** Pico-dollars; null: unknown. */
  readonly cost: number | null;
}

/** What a sighting is made of: columns of the ledger. */
export type SightingSource = Pick<
  CostEvent,
  | 'request_id'
  | 'ts'
  | 'account'
  | 'gateway'
  | 'env'
  | 'feature'
  | 'user_id'
  | 'provider'
  | 'request_model'
  | 'response_model'
  | 'prompt_fp'
  | 'api_key_id'
  | 'service_tier'
  | 'region'
  | 'input_tokens'
  | 'cache_read_tokens'
  | 'output_tokens'
  | 'status'
  | 'attempt'
  | 'outcome'
  | 'cache_status'
  | 'cost_usd'
  | 'cost_source'
> & { readonly cost_lines: readonly Pick<CostEvent['cost_lines'][number], 'class'>[] };

const DEFAULT = 'default';
const SEPARATOR = '/';

/** The tenant of the detector: an account, and its gateway where that has a name. */
export const tenantOf = (account: string, gateway: string): string =>
  gateway === DEFAULT || gateway === '' ? account : `${account}${SEPARATOR}${gateway}`;

export function accountOf(tenant: string): { readonly account: string; readonly gateway: string } {
  const at = tenant.indexOf(SEPARATOR);
  if (at < 0) return { account: tenant, gateway: DEFAULT };
  return { account: tenant.slice(0, at), gateway: tenant.slice(at + 1) };
}

/**
 * The sighting of a ledger row; undefined for what says nothing of a provider's traffic: an answer from the gateway's
 * own cache, a call that the gateway refused, and one that neither took tokens nor failed (lists of models, batches).
 */
export function sightingOf(event: SightingSource, offset: number): Sighting | undefined {
  if (event.cache_status === 'hit' || event.outcome === 'blocked') return undefined;
  const idle = event.input_tokens + event.output_tokens === 0 && event.cost_usd === 0n && event.status < 400;
  if (idle && event.status > 0) return undefined;
  return {
    offset,
    requestId: event.request_id,
    ts: event.ts,
    tenant: tenantOf(event.account, event.gateway),
    env: event.env,
    feature: event.feature,
    user: event.user_id,
    provider: event.provider,
    // As the ledger's column: as answered; as asked where there was no answer.
    model: event.response_model === '' ? event.request_model : event.response_model,
    prompt: event.prompt_fp,
    key: event.api_key_id,
    tariff: tariffOf(event),
    input: event.input_tokens,
    cached: event.cache_read_tokens,
    output: event.output_tokens,
    status: event.status,
    attempt: event.attempt,
    // A double holds every amount below 9,007 USD exactly.
    cost: event.cost_usd === null ? null : Number(event.cost_usd),
  };
}

/** Contexts from which on some model costs other rates, in input tokens. */
const BANDS = [128_000, 200_000, 272_000, 512_000];
const PLAIN: ReadonlySet<string> = new Set(['input', 'cache_read', 'output']);

/**
 * What makes calls of one model cost other rates though no price has changed: tier, region, length of the context, lines
 * of other classes, terms of an account, a price of the caller's own.
 */
function tariffOf(event: SightingSource): string {
  const { service_tier, region, cost_lines, cost_source, input_tokens } = event;
  const classes = cost_lines.map(({ class: name }) => name);
  const own = cost_source !== 'computed' || classes.includes('discount');
  const band = BANDS.filter((from) => input_tokens >= from).length;
  const more = classes.filter((name) => !PLAIN.has(name)).sort();
  const owner = own ? [cost_source, tenantOf(event.account, event.gateway)] : [];
  return [service_tier, region, String(band), ...more, ...owner].join(' ');
}
