import { loadPriceBook, type PriceBook } from './compile-price-book.ts';
import document from './price-book.json' with { type: 'json' };

let embedded: PriceBook | undefined;

/** The price book of this release, compiled on first use. It works offline; a loaded book may replace it. */
export function embeddedPriceBook(): PriceBook {
  embedded ??= loadPriceBook(document);
  return embedded;
}
