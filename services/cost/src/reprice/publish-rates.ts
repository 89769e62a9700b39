import { type CompiledRow, type PriceBook, rateForClass } from '@weir/pricing';
import { BILLABLE_CLASSES } from '@weir/usage';
import type { Warehouse } from '@weir/warehouse';

/** Classes that SQL can price: what `requests.usage` counts, whole numbers of them. */
const CLASSES = [
  ...BILLABLE_CLASSES,
  'reasoning',
  'web_search',
  'file_search',
  'code_execution',
  'page',
  'rerank',
] as const;
const ROWS_AT_A_TIME = 50_000;

/**
 * Puts the list prices of a book into `price_rates`, where the view `what_if` finds them; once for each version. Rates of
 * a region or a time of day are left out: SQL prices by the list.
 */
export async function publishRates(warehouse: Warehouse, book: PriceBook): Promise<void> {
  const sql = 'SELECT 1 AS found FROM price_rates WHERE price_book_version = {version:String} LIMIT 1';
  if ((await warehouse.query(sql, { params: { version: book.version } })).rows().length > 0) return;
  const rows = [...ratesOf(book)];
  for (let at = 0; at < rows.length; at += ROWS_AT_A_TIME) {
    const values = rows.slice(at, at + ROWS_AT_A_TIME);
    await warehouse.insert({
      table: 'price_rates',
      token: `rates/${book.version}/${at}`,
      rows: { kind: 'json', values },
    });
  }
}

function* ratesOf(book: PriceBook): Generator<Record<string, unknown>> {
  for (const provider of book.providers.values()) {
    const models = new Set([...provider.names.values()].flat().map(({ model }) => model));
    for (const model of models) {
      for (const [tier, rows] of model.rowsByTier) {
        for (const row of rows) {
          if (row.announced || row.endpoints !== null || row.regions !== null || row.windows !== null) continue;
          const place = { price_book_version: book.version, provider: model.provider, model: model.id, tier };
          yield* ratesOfRow(place, row, model.anthropic);
        }
      }
    }
  }
}

function* ratesOfRow(
  place: Record<string, unknown>,
  row: CompiledRow,
  anthropic: boolean,
): Generator<Record<string, unknown>> {
  const steps = [{ fromTokens: 0, rates: row.rates }, ...row.context];
  for (const { fromTokens, rates } of steps) {
    for (const name of CLASSES) {
      const { rate } = rateForClass(name, rates, anthropic);
      if (rate === null) continue;
      yield {
        ...place,
        class: name,
        from_tokens: fromTokens,
        valid_from: timeText(row.from, '1970-01-01 00:00:00.000'),
        valid_to: timeText(row.to, '2261-01-01 00:00:00.000'),
        rate_usd: rate.amount,
        per: rate.per,
        numerator: String(rate.exact.numerator),
        denominator: String(rate.exact.denominator),
      };
    }
  }
}

const timeText = (ms: number, otherwise: string): string =>
  Number.isFinite(ms) ? new Date(ms).toISOString().replace('T', ' ').replace('Z', '') : otherwise;
