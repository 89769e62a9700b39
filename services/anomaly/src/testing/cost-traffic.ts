import type { CostFacts } from './cost-writer.ts';

const MINUTE_MS = 60_000;
/** Pico-dollars a token: fresh input, cached input, output. */
const RATES = [2_500_000n, 1_250_000n, 10_000_000n] as const;
const FEATURES = ['chat', 'search'] as const;

export interface CostTraffic {
  readonly from: number;
  readonly to: number;
  /** Calls of a user in a loop: how many a minute, from when on. */
  readonly loop?: { readonly user: string; readonly from: number; readonly aMinute: number };
}

/** Two features in production, some two calls a minute each, of thirty users; always the same for the same times. */
export function costTraffic({ from, to, loop }: CostTraffic): Omit<CostFacts, 'source_offset'>[] {
  const random = randomOf(7);
  const calls: Omit<CostFacts, 'source_offset'>[] = [];
  for (let minute = from; minute < to; minute += MINUTE_MS) {
    for (const feature of FEATURES) {
      for (let at = 0; at < 4; at += 1) {
        const user = `u-${Math.floor(30 * random() ** 2)}`;
        const call = callOf(minute + random() * MINUTE_MS, feature, user, random);
        if (random() < 0.5) calls.push(call);
      }
    }
    if (loop === undefined || minute < loop.from) continue;
    for (let at = 0; at < loop.aMinute; at += 1) {
      calls.push(callOf(minute + random() * MINUTE_MS, 'chat', loop.user, random));
    }
  }
  return calls.filter(({ ts }) => ts < to).sort((a, b) => a.ts - b.ts);
}

function callOf(ts: number, feature: string, user_id: string, random: () => number): Omit<CostFacts, 'source_offset'> {
  const normal = Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const input_tokens = Math.round(3_000 * Math.exp(0.4 * normal));
  const cache_read_tokens = random() < 0.6 ? Math.floor(input_tokens / 2) : 0;
  const output_tokens = 100 + Math.floor(200 * random());
  const [input, cached, output] = RATES;
  const fresh = input_tokens - cache_read_tokens;
  return {
    ts: Math.floor(ts),
    account: 'acme',
    gateway: 'default',
    env: 'production',
    feature,
    user_id,
    prompt_fp: `00000000000000${feature === 'chat' ? 'c1' : '5e'}`,
    input_tokens,
    cache_read_tokens,
    output_tokens,
    total_tokens: input_tokens + output_tokens,
    cost_usd: BigInt(fresh) * input + BigInt(cache_read_tokens) * cached + BigInt(output_tokens) * output,
    cost_lines: [],
  };
}

/** Small and seeded. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
