import { resolve } from 'node:path';
import { readPriceBook } from '@weir/cost';
import type { PriceBook } from '@weir/pricing';
import type { CommandInput } from '../commands/command.ts';
import { priceBookSettings } from '../settings.ts';

/** Options of every command that prices. */
export const BOOK_OPTIONS = {
  book: { value: 'file', help: 'price book, a file or address (default: cost.price_book, else that of this release)' },
  'book-sha256': { value: 'hex', help: 'SHA-256 that it must have; an address needs one' },
  terms: { value: 'file', help: 'overrides and discounts of your own (default: cost.price_terms)' },
} as const;

/** The book of the options, else of the configuration: the one by which this installation prices. */
export function bookOf({ settings, options }: CommandInput): Promise<PriceBook> {
  const { book, 'book-sha256': sha256 = '', terms } = options;
  const named = (source: unknown): string =>
    /^https?:/.test(String(source)) ? String(source) : resolve(String(source));
  return readPriceBook({
    ...priceBookSettings(settings),
    ...(book === undefined ? {} : { priceBook: named(book), priceBookSha256: String(sha256), priceBookKey: '' }),
    ...(terms === undefined ? {} : { priceTerms: named(terms) }),
  });
}
