import { embeddedPriceBook, type PriceBook } from '@weir/pricing';
import type { Logger } from '@weir/telemetry';
import { type PriceBookSettings, readVerifiedBook, withTermsOf } from './read-price-book.ts';

/**
 * The price book to price by. A book that cannot be had or is not the one that was meant is reported, and the book of
 * this release stands in. Terms have nothing that could stand in for them: without them the start fails.
 * @throws WeirError `PRICE_BOOK_UNREADABLE`, `PRICE_BOOK_INVALID` for terms.
 */
export async function openPriceBook(settings: PriceBookSettings, logger: Logger): Promise<PriceBook> {
  const book = settings.priceBook === '' ? embeddedPriceBook() : await loadedBook(settings, logger);
  return withTermsOf(book, settings);
}

async function loadedBook(settings: PriceBookSettings, logger: Logger): Promise<PriceBook> {
  try {
    const book = await readVerifiedBook(settings);
    logger.info({ version: book.version, models: book.modelCount, rows: book.rowCount }, 'price book loaded');
    return book;
  } catch (error) {
    const book = embeddedPriceBook();
    logger.error({ error, version: book.version }, 'price book not loaded: the one of this release stands in');
    return book;
  }
}
