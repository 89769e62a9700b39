import type { CompiledRow, PriceBook } from './compile-price-book.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * The instants in (from, to] at which the price of some call may change by this book, ascending: between two of them
 * time decides nothing, so that equal usage at two times costs the same. ms since the epoch.
 */
export function priceInstants(book: PriceBook, from: number, to: number): number[] {
  const instants = new Set<number>();
  const add = (instant: number): void => {
    if (instant > from && instant <= to) instants.add(instant);
  };
  const clocks = new Set<number>();
  for (const provider of book.providers.values()) {
    const named = [...provider.names.values(), ...provider.patterns.map((pattern) => pattern.named)];
    for (const period of named.flat()) {
      add(period.from);
      add(period.to);
      for (const rows of period.model.rowsByTier.values()) {
        for (const row of rows) {
          add(row.from);
          add(row.to);
          for (const minute of clockOf(row)) clocks.add(minute);
        }
      }
    }
  }
  for (const { from: start, to: end } of [...book.terms.overrides, ...book.terms.discounts]) {
    add(start);
    add(end);
  }
  for (let day = Math.floor(from / DAY_MS) * DAY_MS; clocks.size > 0 && day <= to; day += DAY_MS) {
    for (const minute of clocks) add(day + minute * MINUTE_MS);
  }
  return [...instants].sort((a, b) => a - b);
}

/** Minutes of the UTC day at which a row with a daily window comes or goes; midnight, where it has weekdays. */
function clockOf({ windows, weekdays }: CompiledRow): readonly number[] {
  const clock = (windows ?? []).flat();
  return weekdays === null ? clock : [...clock, 0];
}
