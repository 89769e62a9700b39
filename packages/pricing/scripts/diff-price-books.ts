import type { PriceBookDocument, PriceRowEntry } from '../src/price-book-format.ts';
import { rateEntries } from './draft-book.ts';

/** One line for each row that came, went or changed, in the order of the books. */
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
  const names = (book: PriceBookDocument): Map<string, string> =>
    new Map(book.models.map((model) => [`${model.provider}/${model.id}`, JSON.stringify(model)]));
  const oldNames = names(before);
  for (const [key, text] of names(after)) if (oldNames.get(key) !== text) lines.push(`~ names of ${key}: ${text}`);
  return lines;
}

function describe(row: PriceRowEntry): string {
  const rates = rateEntries(row.rates).map(([unit, [amount, per]]) => `${unit} ${amount}/${per}`);
  return `${row.id} [${row.from ?? ''}, ${row.to ?? ''}) ${rates.join(' ')}`;
}
