/**
 * What a request can be grouped and filtered by: the name in the API and its SQL over `weir.requests`.
 * This list is the allow-list: no other text from a caller ever becomes part of a statement.
 */
export const DIMENSIONS = {
  account: 'account',
  gateway: 'gateway',
  env: 'env',
  feature: 'feature',
  user_id: 'user_id',
  session_id: 'session_id',
  api_key_id: 'api_key_id',
  token_id: 'token_id',
  prompt_fp: 'prompt_fp',
  provider: 'provider',
  // As answered; as asked where there was no answer.
  model: 'model',
  operation: 'operation',
  outcome: 'outcome',
  cost_source: 'cost_source',
} as const;

/** A request that failed; one that the client cancelled or a policy blocked did not. The rollups count the same. */
export const FAILED = "outcome IN ('client_error', 'provider_error', 'rate_limited', 'timeout')";

export type Dimension = keyof typeof DIMENSIONS;

export const DIMENSION_NAMES = Object.keys(DIMENSIONS) as readonly Dimension[];
