/** What a budget can be scoped by; the names are columns of the ledger. `tags.<key>` is any other metadata entry. */
export const BUDGET_DIMENSIONS = [
  'account',
  'gateway',
  'env',
  'feature',
  'user_id',
  'session_id',
  'api_key_id',
  'token_id',
  'prompt_fp',
  'provider',
  'model',
  'request_model',
  'response_model',
  'operation',
  'service_tier',
  'region',
  'outcome',
  'cost_source',
] as const;
export type BudgetDimension = (typeof BUDGET_DIMENSIONS)[number];

const TAGS = 'tags.';

/** The ledger's columns that dimensions are read from. */
export type DimensionSource = Readonly<Record<Exclude<BudgetDimension, 'model'>, string>> & {
  readonly tags: Readonly<Record<string, string>>;
};

export const isDimension = (name: string): boolean =>
  (BUDGET_DIMENSIONS as readonly string[]).includes(name) || (name.startsWith(TAGS) && name.length > TAGS.length);

/** The value of a dimension, '' when the event has none. */
export function dimensionOf(event: DimensionSource, name: string): string {
  if (name.startsWith(TAGS)) {
    const key = name.slice(TAGS.length);
    return Object.hasOwn(event.tags, key) ? (event.tags[key] ?? '') : '';
  }
  // As in the ledger: as answered; as asked where there was no answer.
  if (name === 'model') return event.response_model === '' ? event.request_model : event.response_model;
  return event[name as Exclude<BudgetDimension, 'model'>];
}
