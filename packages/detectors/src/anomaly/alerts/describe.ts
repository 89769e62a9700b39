import { SPEND_DRIVERS, type SpendDriver } from '../attribution/decompose.ts';
import type { Explanation } from '../attribution/spend-ledger.ts';
import type { Dims } from '../priced-event.ts';
import type { AnomalyKind, Finding } from '../watch/finding.ts';

const HEAD: Record<AnomalyKind, string> = {
  runaway_loop: 'calls in a loop',
  key_leak: 'A user never seen before calls with a known key',
  prompt_change: 'A new prompt takes other amounts of input tokens',
  token_shift: 'Requests take other amounts of input tokens',
  slow_drift: 'Input tokens per request are creeping up',
  model_swap: 'A dearer model answers',
  price_change: 'The price of a model changed',
  unpriced_model: 'A model has no price',
  retry_storm: 'A provider fails and its calls are tried again',
  cache_collapse: 'The prompt cache stopped being hit',
  outage: 'Requests have stopped or nearly so',
  traffic_surge: 'More traffic than usual at the usual cost of a request',
  new_feature: 'A new feature is in use',
};

/** One sentence that says what, where, since when, by how much and what it costs. */
export function describe(
  finding: Finding,
  state: 'open' | 'update' | 'resolved',
  explanation: Explanation | undefined,
): string {
  // The last calls say little of what took days.
  const tells = explanation !== undefined && explanation.now > explanation.usual && finding.kind !== 'slow_drift';
  if (tells) return spendSentence(finding, explanation);
  const { kind, cause, onset, metric, observed, expected, usdAnHour, evidence } = finding;
  const where = scopeText(cause);
  if (state === 'resolved') return `Over: ${HEAD[kind]} (${where}, since ${clock(onset)}).`;
  const what = kind === 'runaway_loop' ? `${cause.user ?? 'A user'} ${HEAD[kind]}` : HEAD[kind];
  const change =
    kind === 'new_feature' ? '' : ` ${metric.replaceAll('_', ' ')} ${amount(expected)} → ${amount(observed)}`;
  const because = Object.entries(evidence).map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`);
  const money = usdAnHour > 0.005 ? `; about $${dollars(usdAnHour)}/h, $${dollars(usdAnHour * 24)} a day` : '';
  return `${what}: ${where} since ${clock(onset)}${change}${because.length === 0 ? '' : ` (${because.join(', ')})`}${money}.`;
}

const DRIVERS: Record<SpendDriver, string> = {
  requests: 'more requests',
  model_mix: 'another model',
  retries: 'retries',
  input_tokens: 'input tokens per request',
  cache: 'less from the cache',
  output_tokens: 'output tokens per request',
  price: 'the price',
};

/** Spend of where is how much above its usual; how much of that is the cause, what the evidence is, what a day of it costs. */
function spendSentence({ kind, driver, cause, onset, evidence }: Finding, explanation: Explanation): string {
  const { now, usual, parts, spanMs, inputBefore, inputNow } = explanation;
  const anHour = (pico: bigint): number => (Number(pico) / 1e12 / spanMs) * 3_600_000;
  const above = anHour(now - usual);
  const named = SPEND_DRIVERS.find((known) => known === driver) ?? 'requests';
  const share = Math.round((100 * Number(parts[named])) / Number(now - usual));
  const tokens = named === 'input_tokens' ? ` (${amount(inputBefore)} → ${amount(inputNow)})` : '';
  const because = Object.entries(evidence).map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`);
  return [
    `Spend of ${scopeText(cause)} is $${dollars(above)}/h above its usual $${dollars(anHour(usual))}/h since ${clock(onset)}`,
    `${kind.replaceAll('_', ' ')}: ${share} % is ${DRIVERS[named]}${tokens}${because.length === 0 ? '' : ` (${because.join(', ')})`}`,
    `it costs about $${dollars(above * 24)} a day.`,
  ].join('; ');
}

/** The tenant of an installation that has one only. */
const ONLY_TENANT = 'default';

/** `prod/summarise` for a stream, `name=value` for the rest. */
export function scopeText({ tenant, env, feature, ...rest }: Dims): string {
  const stream = [env, feature].filter((part) => part !== undefined && part !== '').join('/');
  const named = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  const owner = tenant === undefined || tenant === ONLY_TENANT ? [] : [`tenant=${tenant}`];
  const parts = [stream, ...named, ...owner].filter((part) => part !== '');
  return parts.length === 0 ? 'all traffic' : parts.join(' ');
}

const clock = (ts: number): string => `${new Date(ts).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const dollars = (usd: number): string => (Math.abs(usd) < 100 ? usd.toFixed(2) : usd.toFixed(0));
const amount = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
