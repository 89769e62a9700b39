import { parseDecimal } from '@weir/kernel';
import { type PriceBook, providerKey } from '../compile-price-book.ts';
import { compileRates, endOf, startOf } from '../compile-rates.ts';
import { readRates } from '../price-book-format.ts';
import { anchored, type Fields, fields, instant, invalid, list, text, texts } from '../read-json.ts';
import type { PriceAlias, PriceDiscount, PriceTerms, TermScope } from './price-terms.ts';

/**
 * The book with terms of one's own; its version names both, so that every row says by what it was priced.
 * @param version of the terms: a digest of their bytes.
 * @throws WeirError `PRICE_BOOK_INVALID`.
 */
export function withTerms(book: PriceBook, json: unknown, version: string): PriceBook {
  return { ...book, version: `${book.version}+${version}`, terms: readTerms(book, json) };
}

function readTerms(book: PriceBook, json: unknown): PriceTerms {
  const document = fields(json, 'terms');
  if (document['format'] !== 1) throw invalid('terms.format', 'must be 1');
  const entries = (name: string): Fields[] =>
    list(document[name] ?? [], name).map((entry, index) => fields(entry, `${name}[${index}]`));
  return {
    aliases: entries('aliases').map((entry) => readAlias(readScope(book, entry, 'aliases'), entry)),
    overrides: entries('overrides').map((entry) => {
      const scope = readScope(book, entry, 'overrides');
      const tier = optional(entry, 'tier', scope.id) || 'standard';
      return { ...scope, tier, rates: compileRates(readRates(entry['rates'], scope.id), scope.id) };
    }),
    discounts: entries('discounts').map((entry) => readDiscount(readScope(book, entry, 'discounts'), entry)),
  };
}

function readScope(book: PriceBook, entry: Fields, list: string): TermScope {
  const id = text(entry['id'], `${list}.id`);
  const provider = optional(entry, 'provider', id);
  const known = provider === '' ? '' : book.providerIds.get(providerKey(provider));
  if (known === undefined) throw invalid(`${id}.provider`, `is not a provider of the book: ${provider}`);
  const pattern = optional(entry, 'pattern', id);
  return {
    id,
    account: optional(entry, 'account', id),
    gateway: optional(entry, 'gateway', id),
    provider: known,
    model: optional(entry, 'model', id).toLowerCase(),
    pattern: pattern === '' ? null : new RegExp(anchored(pattern, `${id}.pattern`, false)),
    from: startOf(instant(entry['from'], `${id}.from`)),
    to: endOf(instant(entry['to'], `${id}.to`)),
  };
}

function readAlias(scope: TermScope, entry: Fields): PriceAlias {
  if (scope.model === '' && scope.pattern === null) throw invalid(`${scope.id}.model`, 'must name what is meant by it');
  return { ...scope, means: text(entry['means'], `${scope.id}.means`) };
}

function readDiscount(scope: TermScope, entry: Fields): PriceDiscount {
  const percent = text(entry['percent'], `${scope.id}.percent`);
  if (!/^\d{1,3}(?:\.\d{1,6})?$/.test(percent) || Number(percent) > 100) {
    throw invalid(`${scope.id}.percent`, 'must be decimal text from 0 to 100');
  }
  const units = entry['units'] === undefined ? null : new Set(texts(entry['units'], `${scope.id}.units`));
  return { ...scope, percent: parseDecimal(percent), percentNumber: Number(percent), units };
}

function optional(entry: Fields, name: string, id: string): string {
  return entry[name] === undefined || entry[name] === null ? '' : text(entry[name], `${id}.${name}`);
}
