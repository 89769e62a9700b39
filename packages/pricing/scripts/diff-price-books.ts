import { multiplyDecimals } from '../src/decimals.ts';
import type { PriceBookDocument, PriceRowEntry } from '../src/price-book-format.ts';
import { compareRates } from './decimal-text.ts';
import { rateEntries } from './draft-book.ts';

/** One line for each row that came, went or changed, in the order of the books, and `!` for a rate that jumped. */
export function diffPriceBooks(before: PriceBookDocument, after: PriceBookDocument): string[] {
  const old = new Map(before.rows.map((row) => [row.id, row]));
  const fresh = new Map(after.rows.map((row) => [row.id, row]));
  const lines = [`${before.version} -> ${after.version}`];
  for (const row of before.rows) if (!fresh.has(row.id)) lines.push(`- ${describe(row)}`);
  for (const row of after.rows) if (!old.has(row.id)) lines.push(`+ ${describe(row)}`);
  for (const row of after.rows) {
    const was = old.get(row.id);
    if (was !== undefined && JSON.stringify(was) !== JSON.stringify(row)) lines.push(`~ ${describe(row)}`);
  }
  lines.push(...jumps(before, after));
  const names = (book: PriceBookDocument): Map<string, string> =>
    new Map(book.models.map((model) => [`${model.provider}/${model.id}`, JSON.stringify(model)]));
  const oldNames = names(before);
  for (const [key, text] of names(after)) if (oldNames.get(key) !== text) lines.push(`~ names of ${key}: ${text}`);
  return lines;
}

/** A change beyond this is more often a misplaced digit than a new price. */
const JUMP_MAX = '3';

/** Rates of rows that hold for the same calls from the same day on, and moved by more than a factor of three. */
function jumps(before: PriceBookDocument, after: PriceBookDocument): string[] {
  const keyOf = ({ provider, model, tier, from, scope, when }: PriceRowEntry): string =>
    JSON.stringify([provider, model, tier, from, scope ?? null, when ?? null]);
  const old = new Map(before.rows.map((row) => [keyOf(row), row]));
  return after.rows.flatMap((row) => {
    const was = old.get(keyOf(row));
    if (was === undefined || was.id === row.id) return [];
    return rateEntries(row.rates).flatMap(([unit, rate]) => {
      const earlier = was.rates[unit];
      if (earlier === undefined) return [];
      const [low, high] = compareRates(earlier, rate) < 0 ? [earlier, rate] : [rate, earlier];
      const within = compareRates([multiplyDecimals(low[0], JUMP_MAX), low[1]], high) >= 0;
      return within ? [] : [`! ${row.id}: ${unit} ${earlier[0]}/${earlier[1]} -> ${rate[0]}/${rate[1]}`];
    });
  });
}

function describe(row: PriceRowEntry): string {
  const rates = rateEntries(row.rates).map(([unit, [amount, per]]) => `${unit} ${amount}/${per}`);
  return `${row.id} [${row.from ?? ''}, ${row.to ?? ''}) ${rates.join(' ')}`;
}
