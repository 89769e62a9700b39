import { picoFromText, picoToText } from '@weir/kernel';
import type { CallBook } from './call-book.ts';

export interface LedgerCheck {
  readonly rows: number;
  readonly finished: number;
  /** Calls that the client saw finish and that have no row. Must be 0. */
  readonly missing: number;
  /** Calls with more than one row. Must be 0. */
  readonly doubled: number;
  /** Rows of calls that the provider did not serve to the end. */
  readonly unserved: number;
  /** Calls whose row says another amount than the provider's bill. Must be 0. */
  readonly misstated: number;
  /** Σ of the rows and of the provider's bill for the same calls, decimal USD. Must be equal. */
  readonly ledgerUsd: string;
  readonly billUsd: string;
}

/** Goes over every row of the ledger and compares it with what was served and seen. */
export async function checkLedger(sqlUrl: string, book: CallBook): Promise<LedgerCheck> {
  const rowsOf = new Uint8Array(book.capacity);
  let rows = 0;
  let unserved = 0;
  let misstated = 0;
  let ledgerUsd = 0n;
  let billUsd = 0n;
  for await (const [callText = '', usdText = ''] of tsvRows(
    sqlUrl,
    "SELECT tags['call'], toString(cost_usd) FROM requests WHERE mapContains(tags, 'call')",
  )) {
    const call = Number(callText);
    rows += 1;
    rowsOf[call] = Math.min(255, (rowsOf[call] ?? 0) + 1);
    const usd = usdText === '\\N' ? 0n : picoFromText(usdText);
    if (!book.wasServed(call)) {
      unserved += 1;
      continue;
    }
    ledgerUsd += usd;
    billUsd += book.billOf(call);
    if (usd !== book.billOf(call)) misstated += 1;
  }
  return {
    rows,
    finished: book.count((call) => book.wasFinished(call)),
    missing: book.count((call) => book.wasFinished(call) && rowsOf[call] === 0),
    doubled: book.count((call) => (rowsOf[call] ?? 0) > 1),
    unserved,
    misstated,
    ledgerUsd: picoToText(ledgerUsd),
    billUsd: picoToText(billUsd),
  };
}

async function* tsvRows(sqlUrl: string, query: string): AsyncGenerator<string[]> {
  const response = await fetch(`${sqlUrl}/?database=weir&default_format=TSV`, { method: 'POST', body: query });
  if (!response.ok || response.body === null) throw new Error(await response.text());
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.split('\t');
  }
}
