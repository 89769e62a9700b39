import { describe, expect, it } from 'vitest';
import { loadPriceBook } from './compile-price-book.ts';

const row = { model: 'p/m', tier: 'standard', rates: { input: ['1', 1000] }, confidence: 'agreed', source: 't' };
const bookWith = (rows: object, models: object = { 'p/m': { aliases: [] } }, providers: unknown = []) => ({
  format: 1,
  version: 'v',
  sources: [{ name: 'n', ref: 'r', licence: 'MIT' }],
  providers,
  models,
  rows,
});

describe('loadPriceBook', () => {
  it('takes a well-formed book', () => {
    expect(loadPriceBook(bookWith({ r: row }))).toMatchObject({ version: 'v', modelCount: 1, rowCount: 1 });
  });

  it.each([
    ['null', null],
    ['another format', { ...bookWith({}), format: 2 }],
    ['a float rate', bookWith({ r: { ...row, rates: { input: [2.5, 1000] } } })],
    ['a negative rate', bookWith({ r: { ...row, rates: { input: ['-1', 1000] } } })],
    ['an exponent', bookWith({ r: { ...row, rates: { input: ['1e-6', 1] } } })],
    ['a fractional per', bookWith({ r: { ...row, rates: { input: ['1', 0.5] } } })],
    ['an unknown unit', bookWith({ r: { ...row, rates: { tokens: ['1', 1] } } })],
    ['a date that is none', bookWith({ r: { ...row, from: 'soon' } })],
    ['an unknown confidence', bookWith({ r: { ...row, confidence: 'sure' } })],
    ['a window that is none', bookWith({ r: { ...row, when: { utc: [['1', '25:00']] } } })],
    ['a zone that is none', bookWith({ r: { ...row, when: { utc: [['01:00', '02:00']], tz: 'Mars/Olympus' } } })],
    ['an unknown currency', bookWith({ r: { ...row, currency: 'XAU' } })],
    ['an unknown status', bookWith({ r: { ...row, status: 'rumoured' } })],
    ['a float exchange rate', { ...bookWith({}), fx: [{ id: 'f', currency: 'CNY', usd: 0.14 }] }],
    ['a model without a provider', bookWith({}, { m: { aliases: [] } })],
    ['an open pattern', bookWith({}, { 'p/m': { aliases: [], patterns: ['^gpt-4'] } })],
    ['a pattern that is none', bookWith({}, { 'p/m': { aliases: [], patterns: ['^($'] } })],
    ['an unanchored rule', bookWith({}, {}, [{ id: 'p', aliases: [], fallbacks: [], infer: ['claude'] }])],
    ['rows in a list', bookWith([row])],
  ])('refuses %s', (_, json) => {
    expect(() => loadPriceBook(json)).toThrowError(expect.objectContaining({ code: 'PRICE_BOOK_INVALID' }));
  });
});
