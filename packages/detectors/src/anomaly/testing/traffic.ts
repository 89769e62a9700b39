import { EventIds, newEvent, type PricedEvent } from '../priced-event.ts';

const MINUTE_MS = 60_000;
/** A Monday. */
export const TRAFFIC_START = Date.UTC(2026, 0, 5);
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** One call as a scenario may change it. */
export interface Call {
  ts: number;
  env: string;
  feature: string;
  user: string;
  provider: string;
  model: string;
  prompt: string;
  key: string;
  input: number;
  cached: number;
  output: number;
  status: number;
  attempt: number;
  /** Pico-dollars a token. */
  rates: readonly [input: number, cached: number, output: number];
  unpriced?: boolean;
}

export interface Traffic {
  readonly days: number;
  /** Changes a call, or returns what takes its place. */
  readonly change?: (call: Call) => readonly Call[];
  /** Calls on top of the usual ones, for each minute. */
  readonly extra?: (ts: number) => readonly Partial<Call>[];
}

const RATES = [2_500_000, 1_250_000, 10_000_000] as const;
const FEATURES = ['chat', 'search'] as const;

/** Two features of one tenant in production, some two calls a minute each, thirty users; always the same. */
export function trafficOf({ days, change = (call) => [call], extra = () => [] }: Traffic): {
  ids: EventIds;
  events: PricedEvent[];
} {
  const ids = new EventIds();
  const calls: Call[] = [];
  const random = randomOf(7);
  for (let ts = TRAFFIC_START; ts < TRAFFIC_START + days * DAY_MS; ts += MINUTE_MS) {
    for (const feature of FEATURES) {
      for (let at = 0; at < 4; at += 1) {
        if (random() < 0.5) calls.push(...change(usualCall(ts + random() * MINUTE_MS, feature, random)));
      }
    }
    for (const more of extra(ts)) {
      calls.push({ ...usualCall(ts + random() * MINUTE_MS, 'chat', random), ...more });
    }
  }
  calls.sort((a, b) => a.ts - b.ts);
  return { ids, events: calls.map((call, at) => eventOf(ids, call, at + 1)) };
}

function usualCall(ts: number, feature: string, random: () => number): Call {
  const normal = Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const input = Math.round(3_000 * Math.exp(0.4 * normal));
  return {
    ts: Math.floor(ts),
    env: 'prod',
    feature,
    user: `u-${Math.floor(30 * random() ** 2)}`,
    provider: 'openai',
    model: 'gpt-4o',
    prompt: `p-${feature}`,
    key: 'k-1',
    input,
    cached: random() < 0.6 ? Math.floor(input / 2) : 0,
    output: 100 + Math.floor(200 * random()),
    status: 200,
    attempt: 1,
    rates: RATES,
  };
}

function eventOf(ids: EventIds, call: Call, id: number): PricedEvent {
  const [input, cached, output] = call.rates;
  const cost = (call.input - call.cached) * input + call.cached * cached + call.output * output;
  return {
    ...newEvent(),
    ts: call.ts,
    id,
    tenant: ids.tenant.idOf('acme'),
    env: ids.env.idOf(call.env),
    feature: ids.feature.idOf(call.feature),
    user: ids.user.idOf(call.user),
    provider: ids.provider.idOf(call.provider),
    model: ids.model.idOf(call.model),
    prompt: ids.prompt.idOf(call.prompt),
    key: ids.key.idOf(call.key),
    input: call.input,
    cached: call.cached,
    output: call.output,
    status: call.status,
    attempt: call.attempt,
    cost: call.unpriced === true ? Number.NaN : cost,
  };
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
