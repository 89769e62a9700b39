import { multiplyDecimals } from './decimals.ts';
import type { FxEntry, PriceRowEntry, RateEntries, RateEntry, RateUnit } from './price-book-format.ts';
import { utcTime } from './utc-time.ts';

/**
 * A row in another currency as rows in US dollars, one for each exchange rate of its time; exactly, since both are
 * decimals. Their ids name both. Where no exchange rate holds, there is no price.
 */
export function inDollars(row: PriceRowEntry, fx: readonly FxEntry[]): readonly PriceRowEntry[] {
  const { currency = 'USD', ...rest } = row;
  if (currency === 'USD') return [row];
  return fx
    .filter((rate) => rate.currency === currency)
    .flatMap((rate): PriceRowEntry[] => {
      const from = later(row.from, rate.from);
      const to = earlier(row.to, rate.to);
      if (from !== null && to !== null && utcTime(from) >= utcTime(to)) return [];
      const context = row.context?.map((tier) => ({ ...tier, rates: converted(tier.rates, rate.usd) }));
      return [
        {
          ...rest,
          id: `${row.id}@${rate.id}`,
          from,
          to,
          rates: converted(row.rates, rate.usd),
          ...(context === undefined ? {} : { context }),
        },
      ];
    });
}

function converted(rates: RateEntries, usd: string): RateEntries {
  const entries = Object.entries(rates) as [RateUnit, RateEntry][];
  return Object.fromEntries(
    entries.map(([unit, [amount, ...rest]]) => [unit, [multiplyDecimals(amount, usd), ...rest] as const]),
  );
}

/** null is open: before everything as a start, after everything as an end. */
function later(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return utcTime(left) >= utcTime(right) ? left : right;
}

function earlier(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return utcTime(left) <= utcTime(right) ? left : right;
}
