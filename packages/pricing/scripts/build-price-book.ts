import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PriceBookDocument, readPriceBookDocument } from '../src/price-book-format.ts';
import { applyOverlay } from './apply-overlay.ts';
import { assemblePriceBook, serializePriceBook } from './assemble-price-book.ts';
import { checkPriceBook } from './check-price-book.ts';
import { deriveRows } from './derive-rows.ts';
import { diffPriceBooks } from './diff-price-books.ts';
import type { Overlay } from './overlay-format.ts';
import { readGenaiPrices } from './read-genai-prices.ts';

export const PRICE_BOOK_FILE = fileURLToPath(new URL('../src/price-book.json', import.meta.url));
const OVERLAY_FILE = fileURLToPath(new URL('../overlay.json', import.meta.url));

/** The book that the source package and the overlay give; the same inputs give the same bytes. */
export async function buildPriceBook(): Promise<PriceBookDocument> {
  const overlay = JSON.parse(readFileSync(OVERLAY_FILE, 'utf8')) as Overlay;
  const book = await readGenaiPrices(new Set(overlay.free));
  applyOverlay(book, overlay);
  deriveRows(book, overlay);
  return assemblePriceBook(book, overlay.providers, overlay.recorded);
}

/** Checks, prints what changes, and writes; `--check` and `--diff` write nothing. */
async function main(flags: readonly string[]): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const document = await buildPriceBook();
  // What cannot be read must not be written.
  readPriceBookDocument(JSON.parse(serializePriceBook(document)));
  const { errors, notices } = checkPriceBook(document);
  for (const error of errors) say(`error: ${error}`);
  if (flags.includes('--notices')) for (const notice of notices) say(`notice: ${notice}`);
  if (errors.length > 0) return 1;
  const text = serializePriceBook(document);
  const committed = existsSync(PRICE_BOOK_FILE) ? readFileSync(PRICE_BOOK_FILE, 'utf8') : '';
  if (flags.includes('--check')) {
    if (committed === text) return 0;
    say('src/price-book.json is not what the sources give; run: node packages/pricing/scripts/build-price-book.ts');
    return 1;
  }
  if (committed !== '' && committed !== text) {
    for (const line of diffPriceBooks(readPriceBookDocument(JSON.parse(committed)), document)) say(line);
  }
  if (flags.includes('--diff')) return 0;
  writeFileSync(PRICE_BOOK_FILE, text);
  say(`${document.version}: ${document.models.length} models, ${document.rows.length} rows, ${text.length} bytes`);
  say(`${notices.length} notices (--notices lists them)`);
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
