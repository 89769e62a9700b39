import { picoToText } from '@weir/kernel';
import type { CompiledRate, CompiledRates } from './compile-rates.ts';
import type { RateUnit } from './price-book-format.ts';

export interface ClassRate {
  /** null when the class has no price. */
  readonly rate: CompiledRate | null;
  /** True when the rate of another class stands in. */
  readonly assumed: boolean;
}

const NONE: ClassRate = { rate: null, assumed: false };

/**
 * The rate of a class, with the rule for classes that have none of their own: cache reads and writes cost what the
 * same tokens cost uncached, a 1-hour write of an Anthropic model 2 × input, reasoning what output costs. Audio,
 * images and searches without a price have none: their cost is unknown, not 0 (I5).
 */
export function rateForClass(unit: RateUnit, rates: CompiledRates, anthropic: boolean): ClassRate {
  const own = rates[unit];
  if (own !== undefined) return { rate: own, assumed: false };
  switch (unit) {
    case 'cache_read':
      return standIn(rates.input);
    case 'cache_write_5m':
      return rates.cache_write === undefined ? standIn(rates.input) : { rate: rates.cache_write, assumed: false };
    case 'cache_write':
      return standIn(rates.cache_write_5m ?? rates.input);
    case 'cache_write_1h':
      if (anthropic) return standIn(rates.input === undefined ? undefined : doubled(rates.input));
      return standIn(rates.cache_write ?? rates.input);
    case 'cache_read_audio':
      return standIn(rates.input_audio);
    case 'cache_read_image':
      return standIn(rates.input_image);
    case 'reasoning':
      return rates.output === undefined ? NONE : { rate: rates.output, assumed: false };
    default:
      return NONE;
  }
}

function standIn(rate: CompiledRate | undefined): ClassRate {
  return rate === undefined ? NONE : { rate, assumed: true };
}

function doubled(rate: CompiledRate): CompiledRate {
  const { numerator, denominator } = rate.exact;
  const exact = { numerator: numerator * 2n, denominator };
  const pico = exact.numerator % denominator === 0n ? exact.numerator / denominator : null;
  // USD for `per` units: pico-dollars for one, times `per`; exact because the published amount is decimal.
  const amount = picoToText((exact.numerator * BigInt(rate.per)) / denominator);
  return { ...rate, unit: 'cache_write_1h', amount, pico, exact };
}
