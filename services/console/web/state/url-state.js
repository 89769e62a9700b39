/**
 * The state of the page is its URL. Everything here is pure: a query string to a state and back.
 * @typedef {'spend' | 'requests' | 'tokens' | 'errors' | 'latency_p95'} Measure
 * @typedef {object} State
 * @property {string} from `now-24h` or ISO 8601
 * @property {string} to `now` or ISO 8601
 * @property {string} by dimension of the chart
 * @property {Measure} measure
 * @property {readonly (readonly [string, string])[]} filters dimension and value; two of one dimension mean either
 * @property {string | null} request id of the open request
 *
 * Goes to another state, from the one that holds at that moment: a control may be older than the state.
 * @typedef {(change: Partial<State> | ((state: State) => State)) => void} Change
 */

/** @type {readonly Measure[]} */
export const MEASURES = ['spend', 'requests', 'tokens', 'errors', 'latency_p95'];

/** Dimensions of the page and their words. @type {Readonly<Record<string, string>>} */
export const DIMENSIONS = {
  model: 'model',
  feature: 'feature',
  provider: 'provider',
  env: 'environment',
  user_id: 'user',
  account: 'account',
  gateway: 'gateway',
  api_key_id: 'key',
  token_id: 'token',
  session_id: 'session',
  prompt_fp: 'prompt',
  operation: 'operation',
  outcome: 'outcome',
  cost_source: 'cost source',
};

const DEFAULTS = { from: 'now-24h', to: 'now', by: 'model', measure: 'spend' };

/**
 * @param {string} search the query string
 * @returns {State}
 */
export function parseState(search) {
  const query = new URLSearchParams(search);
  const by = query.get('by') ?? '';
  return {
    from: query.get('from') ?? DEFAULTS.from,
    to: query.get('to') ?? DEFAULTS.to,
    by: by in DIMENSIONS ? by : DEFAULTS.by,
    measure: MEASURES.find((measure) => measure === query.get('measure')) ?? 'spend',
    filters: [...query].filter(([name]) => name in DIMENSIONS),
    request: query.get('request'),
  };
}

/**
 * @param {State} state
 * @returns {string} `?…`, or `/` for the defaults
 */
export function stateUrl(state) {
  const query = new URLSearchParams();
  if (state.from !== DEFAULTS.from) query.set('from', state.from);
  if (state.to !== DEFAULTS.to) query.set('to', state.to);
  if (state.by !== DEFAULTS.by) query.set('by', state.by);
  if (state.measure !== DEFAULTS.measure) query.set('measure', state.measure);
  for (const [name, value] of state.filters) query.append(name, value);
  if (state.request !== null) query.set('request', state.request);
  const text = query.toString();
  return text === '' ? '/' : `?${text}`;
}

/** The filters as a query string for the API. @param {State} state */
export function filterQuery(state) {
  return new URLSearchParams(state.filters.map(([name, value]) => [name, value]));
}

/** Range and filters as a query string for the API. @param {State} state */
export function scopeQuery(state) {
  const query = filterQuery(state);
  query.set('from', state.from);
  query.set('to', state.to);
  return query;
}

/** The state with one filter more. @param {State} state @param {string} name @param {string} value @returns {State} */
export function withFilter(state, name, value) {
  if (state.filters.some(([other, taken]) => other === name && taken === value)) return state;
  return { ...state, filters: [...state.filters, [name, value]] };
}

/** The state with one filter less. @param {State} state @param {string} name @param {string} value @returns {State} */
export function withoutFilter(state, name, value) {
  return { ...state, filters: state.filters.filter(([other, taken]) => other !== name || taken !== value) };
}

/** True while the range ends now: then new rows belong to it. @param {State} state */
export function isLive(state) {
  return state.to === 'now';
}
