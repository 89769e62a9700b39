/** The value of a dimension of a call, '' when it has none. */
export type DimensionsOf = (dimension: string) => string;

/** What is known of a call before it is made; the names are those of the ledger. */
export const CALL_DIMENSIONS = [
  'account',
  'gateway',
  'provider',
  'region',
  'env',
  'feature',
  'user_id',
  'session_id',
  'api_key_id',
  'token_id',
] as const;
export type CallDimension = (typeof CALL_DIMENSIONS)[number];

const TAGS = 'tags.';

/** The metadata entry that a dimension names; '' when it names none. */
export const tagOf = (name: string): string => (name.startsWith(TAGS) ? name.slice(TAGS.length) : '');

export const isCallDimension = (name: string): boolean =>
  (CALL_DIMENSIONS as readonly string[]).includes(name) || tagOf(name) !== '';
