import { readFileSync } from 'node:fs';
import { divideHalfEven, parseDecimal, picoToText } from '@weir/kernel';
import { loadPriceBook, type PriceBook } from '@weir/pricing';

interface Document {
  version: string;
  models: Record<string, unknown>;
  rows: Record<string, Row>;
}

interface Row {
  model: string;
  from?: string;
  to?: string;
  rates: Record<string, [amount: string, per: number, minimum?: number]>;
  context?: { rates: Row['rates'] }[];
}

const FILE = new URL('../../../../packages/pricing/src/price-book.json', import.meta.url);
const text = readFileSync(FILE, 'utf8');

/** How a book differs from the embedded one. */
export interface BookChange {
  readonly version: string;
  /** Every rate times so many thousandths, by model id; others stay. */
  readonly perMille: Readonly<Record<string, number>>;
  /** Models that it lacks. */
  readonly without?: readonly string[];
  /** From this moment (ISO 8601) the changed rates hold; before, the embedded ones. Default: always. */
  readonly from?: string;
  /** Models that it has beside: id to input and output rates, USD per million. */
  readonly added?: Readonly<Record<string, readonly [input: string, output: string]>>;
}

/** The embedded book, changed. */
export function changedBook(change: BookChange): PriceBook {
  return loadPriceBook(changedDocument(change));
}

export function changedDocument({ version, perMille, without = [], from, added = {} }: BookChange): unknown {
  const document = JSON.parse(text) as Document;
  document.version = version;
  for (const id of without) delete document.models[id];
  for (const [id, row] of Object.entries(document.rows)) {
    if (without.includes(row.model)) delete document.rows[id];
    const factor = perMille[row.model];
    if (factor === undefined || without.includes(row.model)) continue;
    const changed = { ...row, rates: scaled(row.rates, factor), ...scaledContext(row, factor) };
    if (from === undefined) document.rows[id] = changed;
    else {
      document.rows[id] = { ...row, to: from };
      document.rows[`${id}:changed`] = { ...changed, from };
    }
  }
  for (const [id, [input, output]] of Object.entries(added)) {
    document.models[id] = { aliases: [] };
    const rates: Row['rates'] = { input: [input, 1_000_000], output: [output, 1_000_000] };
    const row = { model: id, tier: 'standard', rates, confidence: 'agreed', source: 'test' };
    document.rows[`${id}:test`] = row;
  }
  return document;
}

const scaledContext = ({ context }: Row, factor: number): Pick<Row, 'context'> =>
  context === undefined ? {} : { context: context.map((tier) => ({ ...tier, rates: scaled(tier.rates, factor) })) };

function scaled(rates: Row['rates'], factor: number): Row['rates'] {
  return Object.fromEntries(
    Object.entries(rates).map(([unit, [amount, ...rest]]) => {
      const { numerator, denominator } = parseDecimal(amount);
      const pico = divideHalfEven(numerator * BigInt(factor) * 10n ** 12n, denominator * 1000n);
      return [unit, [picoToText(pico), ...rest]];
    }),
  );
}
