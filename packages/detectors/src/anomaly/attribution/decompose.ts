import type { PicoUsd } from '@weir/kernel';
import type { Driver } from '../watch/finding.ts';
import { shapley } from './shapley.ts';

/** What a stream did with one model in a span of time. */
export interface ModelUse {
  /** Logical requests: first attempts. */
  readonly requests: number;
  readonly attempts: number;
  /** Cached ones included. */
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly cost: PicoUsd;
}

/** Pico-dollars a token, by the book that was in force before. */
export interface BookRates {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

export interface ModelChange {
  readonly before: ModelUse;
  readonly after: ModelUse;
  /** Undefined: no rates are known, all tokens of a model cost alike. */
  readonly rates: BookRates | undefined;
}

/** In the order of the factors below. */
export const SPEND_DRIVERS = [
  'requests',
  'model_mix',
  'retries',
  'input_tokens',
  'cache',
  'output_tokens',
  'price',
] as const satisfies readonly Driver[];
export type SpendDriver = (typeof SPEND_DRIVERS)[number];
export type SpendParts = Record<SpendDriver, PicoUsd>;

/** The factors of the cost of one model: mix, attempts a request, input, cached share, output, billed ÷ book. */
type Factors = readonly [mix: number, attempts: number, input: number, cached: number, output: number, price: number];

/**
 * Splits the change of cost between two spans over
 * requests × Σ mix × attempts × (input × (1 − cached) × rate + input × cached × rate + output × rate) × price.
 * The parts add up to Σ after − Σ before to the last pico-dollar, whatever is zero on either side.
 */
export function decompose(changes: readonly ModelChange[]): SpendParts {
  const rates = changes.map(ratesOf);
  const before = factorsOf(
    changes.map((change) => change.before),
    rates,
  );
  const after = factorsOf(
    changes.map((change) => change.after),
    rates,
  );
  const value = (turned: number): number => {
    const requests = (turned & 1) === 0 ? before.requests : after.requests;
    let cost = 0;
    for (let model = 0; model < changes.length; model += 1) {
      const old = before.models[model] as Factors;
      const now = after.models[model] as Factors;
      const pick = (factor: number): number => ((turned & (2 << factor)) === 0 ? old : now)[factor] as number;
      const { input, cached, output } = rates[model] as BookRates;
      const tokens = pick(2) * (1 - pick(3)) * input + pick(2) * pick(3) * cached + pick(4) * output;
      cost += pick(0) * pick(1) * tokens * pick(5);
    }
    return requests * cost;
  };
  const total = changes.reduce((sum, change) => sum + change.after.cost - change.before.cost, 0n);
  return exactly(total, shapley(SPEND_DRIVERS.length, value));
}

/** Rounds the parts, and gives what rounding left to the largest: they add up to the total. */
function exactly(total: PicoUsd, parts: readonly number[]): SpendParts {
  const whole = parts.map((part) => BigInt(Math.round(part)));
  const rest = total - whole.reduce((sum, part) => sum + part, 0n);
  const largest = parts.reduce((best, part, at) => (Math.abs(part) > Math.abs(parts[best] as number) ? at : best), 0);
  return Object.fromEntries(
    SPEND_DRIVERS.map((driver, at) => [driver, (whole[at] as bigint) + (at === largest ? rest : 0n)]),
  ) as SpendParts;
}

/** Known rates, else one rate for every token, from both spans together. */
function ratesOf({ before, after, rates }: ModelChange): BookRates {
  if (rates !== undefined) return rates;
  const tokens = before.input + before.output + after.input + after.output;
  const rate = tokens === 0 ? 0 : Number(before.cost + after.cost) / tokens;
  return { input: rate, cached: rate, output: rate };
}

function factorsOf(uses: readonly ModelUse[], rates: readonly BookRates[]): { requests: number; models: Factors[] } {
  const sum = (pick: (use: ModelUse) => number): number => uses.reduce((total, use) => total + pick(use), 0);
  const requests = sum((use) => use.requests);
  const over = (part: number, whole: number, otherwise: number): number => (whole === 0 ? otherwise : part / whole);
  // A model that is not there takes the averages of its span, so that a swap is a change of the mix and nothing else.
  const attempts = over(
    sum((use) => use.attempts),
    requests,
    1,
  );
  const input = over(
    sum((use) => use.input),
    sum((use) => use.attempts),
    0,
  );
  const cached = over(
    sum((use) => use.cached),
    sum((use) => use.input),
    0,
  );
  const output = over(
    sum((use) => use.output),
    sum((use) => use.attempts),
    0,
  );
  const models = uses.map((use, at): Factors => {
    const { input: fresh, cached: hit, output: out } = rates[at] as BookRates;
    const book = (use.input - use.cached) * fresh + use.cached * hit + use.output * out;
    return [
      over(use.requests, requests, 0),
      over(use.attempts, use.requests, attempts),
      over(use.input, use.attempts, input),
      over(use.cached, use.input, cached),
      over(use.output, use.attempts, output),
      over(Number(use.cost), book, 1),
    ];
  });
  return { requests, models };
}
