import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { serializePriceBook } from '../scripts/assemble-price-book.ts';
import { buildPriceBook, PRICE_BOOK_FILE } from '../scripts/build-price-book.ts';
import { checkPriceBook } from '../scripts/check-price-book.ts';
import { decimalOfFloat } from '../scripts/decimal-text.ts';
import { diffPriceBooks } from '../scripts/diff-price-books.ts';
import { multiplyDecimals } from './decimals.ts';
import { embeddedPriceBook } from './embedded-price-book.ts';
import { type PriceBookDocument, type PriceRowEntry, readPriceBookDocument } from './price-book-format.ts';

let document: PriceBookDocument;
beforeAll(async () => {
  document = await buildPriceBook();
});

const rowsOf = (provider: string, model: string, tier = 'standard') =>
  document.rows.filter((row) => row.provider === provider && row.model === model && row.tier === tier);

describe('the committed price book', () => {
  it('is what the sources give, to the byte (I6)', () => {
    expect(readFileSync(PRICE_BOOK_FILE, 'utf8') === serializePriceBook(document)).toBe(true);
    expect(embeddedPriceBook().version).toBe(document.version);
  });

  it('has no overlapping rows, absurd magnitudes, cache reads above input or names with two owners', () => {
    expect(checkPriceBook(document).errors).toEqual([]);
  });

  it('says nothing changed against itself, and what did', () => {
    expect(diffPriceBooks(document, document)).toEqual([`${document.version} -> ${document.version}`]);
    const without = { ...document, rows: document.rows.slice(1) };
    expect(diffPriceBooks(document, without)[1]).toContain(`- ${document.rows[0]?.id}`);
  });

  it('says of every row when it became known', () => {
    expect(document.rows.filter((row) => !/^2026-\d\d-\d\d$/.test(row.recorded ?? ''))).toEqual([]);
    expect(readPriceBookDocument(JSON.parse(serializePriceBook(document)))).toEqual(document);
  });

  it('holds corrections of known mistakes', () => {
    expect(rowsOf('openai', 'o3').map((row) => [row.to, row.rates.cache_read?.[0]])).toEqual([
      ['2025-06-10', '2.5'],
      [null, '0.5'],
    ]);
    expect(rowsOf('openai', 'gpt-5.5')[0]?.context?.[0]).toMatchObject({ threshold: 272000, inclusive: false });
    expect(rowsOf('xai', 'grok-4.3')[0]?.context?.[0]).toMatchObject({ threshold: 200000, inclusive: true });
    expect(rowsOf('openai', 'gpt-5.5', 'priority')[0]?.rates.input).toEqual(['12.5', 1_000_000]);
    expect(rowsOf('google', 'gemini-3.6-flash').map((row) => row.status)).toEqual(['active', 'active', 'announced']);
    const peaks = rowsOf('deepseek', 'deepseek-v4-pro').filter((row) => row.when !== undefined);
    expect(peaks).toMatchObject([{ from: '2026-08-17', when: { weekdays: [1, 2, 3, 4, 5] } }]);
  });

  it('halves tokens, not searches, in the batch tier of Anthropic', () => {
    const [batch] = rowsOf('anthropic', 'claude-opus-4-8', 'batch').filter((row) => row.scope === undefined);
    expect(batch?.rates).toMatchObject({ input: ['2.5', 1_000_000], cache_write_1h: ['5', 1_000_000] });
    expect(batch?.rates.web_search).toEqual(['10', 1000]);
  });
});

describe('the check of a book', () => {
  const broken = (change: (book: PriceBookDocument) => PriceBookDocument) => checkPriceBook(change(document)).errors;
  const row = () => {
    const [found] = rowsOf('openai', 'gpt-4o');
    if (found === undefined) throw new Error('gpt-4o has no row');
    return found;
  };

  it('lets a corrected row stay beside its correction, and only beside one', () => {
    const old = { ...row(), id: 'old', superseded_by: row().id };
    expect(broken((book) => ({ ...book, rows: [...book.rows, old] }))).toEqual([]);
    const lost = { ...old, superseded_by: 'nowhere' };
    expect(broken((book) => ({ ...book, rows: [...book.rows, lost] }))).toEqual([expect.stringContaining('nowhere')]);
  });

  it('finds overlaps, gaps, magnitudes and shared names', () => {
    const twice = broken((book) => ({ ...book, rows: [...book.rows, { ...row(), id: 'again', from: '2026-01-01' }] }));
    expect(twice).toEqual([expect.stringContaining('overlaps')]);
    const dear = { ...row(), rates: { input: ['5000', 1_000_000] as const, cache_read: ['6000', 1_000_000] as const } };
    const rest = document.rows.filter((one) => one.id !== row().id);
    expect(broken((book) => ({ ...book, rows: [...rest, dear] }))).toHaveLength(3);
    const stolen = { provider: 'openai', id: 'gpt-4o-2024-08-06', aliases: [] };
    expect(broken((book) => ({ ...book, models: [...book.models, stolen] }))).toHaveLength(2);
    const parts = [
      { ...row(), id: 'one', to: '2026-01-01' },
      { ...row(), id: 'two', from: '2026-02-01' },
    ];
    expect(checkPriceBook({ ...document, rows: [...rest, ...parts] }).notices).toContain('one: no price until two');
  });
});

describe('the check of a book, rule by rule', () => {
  const base: PriceBookDocument = {
    format: 1,
    version: 'v',
    sources: [],
    providers: [{ id: 'p', aliases: [], fallbacks: [], infer: [] }],
    models: [{ provider: 'p', id: 'm', aliases: [] }],
    rows: [],
  };
  const line = (changes: Partial<PriceRowEntry>): PriceRowEntry => ({
    id: 'r',
    provider: 'p',
    model: 'm',
    tier: 'standard',
    from: null,
    to: null,
    rates: { input: ['1', 1_000_000], output: ['2', 1_000_000] },
    status: 'active',
    confidence: 'agreed',
    source: 't',
    recorded: null,
    ...changes,
  });
  const found = (rows: readonly Partial<PriceRowEntry>[], more: Partial<PriceBookDocument> = {}) =>
    checkPriceBook({ ...base, rows: rows.map((row, index) => line({ id: `r${index}`, ...row })), ...more });
  const moved = (...dated: readonly (readonly [from: string | null, to: string | null])[]) => ({
    models: dated.map(([from, to], index) => ({
      provider: 'p',
      id: `m${index}`,
      aliases: [],
      dated: [{ alias: 'latest', from, to }],
    })),
  });
  const owned = (count: number) => Array.from({ length: count }, (_, index) => ({ model: `m${index}` }));

  it('passes a sound book', () => {
    expect(found([{}])).toEqual({ errors: [], notices: [] });
  });

  it.each<[string, ReturnType<typeof found>, RegExp]>([
    ['a rate a thousand times too high', found([{ rates: { input: ['2500', 1_000_000] } }]), /out of range/],
    ['a per-unit rate too high', found([{ rates: { image: ['250', 1] } }]), /out of range/],
    ['a cache read above input', found([{ rates: { input: ['1', 1], cache_read: ['1.1', 1] } }]), /cache_read exceeds/],
    [
      'a cached audio read above audio',
      found([{ rates: { input_audio: ['1', 1_000_000], cache_read_audio: ['2', 1_000_000] } }]),
      /cache_read_audio exceeds/,
    ],
    [
      'a long context that breaks a rule',
      found([{ context: [{ threshold: 9, inclusive: true, rates: { input: ['9999', 1_000_000] } }] }]),
      /out of range/,
    ],
    [
      'two tiers from one length on',
      found([
        {
          context: [
            { threshold: 10, inclusive: true, rates: {} },
            { threshold: 9, inclusive: false, rates: {} },
          ],
        },
      ]),
      /two context tiers/,
    ],
    ['an overlap', found([{ to: '2026-02-01' }, { from: '2026-01-01' }]), /r0: overlaps r1/],
    ['an end before its start', found([{ from: '2026-02-01', to: '2026-01-01' }]), /ends before it starts/],
    [
      'one id twice',
      found([
        { id: 'x', to: '2026-01-01' },
        { id: 'x', from: '2026-01-01' },
      ]),
      /not unique/,
    ],
    ['a currency without an exchange rate', found([{ currency: 'CNY' }]), /no exchange rate/],
    ['a model without a row', found([]), /has no row/],
    ['a name in capitals', found([{}], { models: [{ provider: 'p', id: 'm', aliases: ['GPT'] }] }), /not lower case/],
    [
      'an alias that means two models at once',
      found(owned(2), moved([null, '2026-02-01'], ['2026-01-01', null])),
      /names both m0 and m1/,
    ],
    [
      'an alias that means nothing for a time',
      found(owned(2), moved([null, '2026-01-01'], ['2026-02-01', null])),
      /names nothing between/,
    ],
  ])('I4 refuses %s', (_, { errors }, message) => {
    expect(errors).toEqual([expect.stringMatching(message)]);
  });

  it('notices a gap and an output that is cheaper than the input', () => {
    expect(found([{ to: '2026-01-01' }, { from: '2026-02-01' }]).notices).toEqual(['r0: no price until r1']);
    expect(found([{ rates: { input: ['2', 1], output: ['1', 1] } }]).notices).toEqual(['r0: output is below input']);
  });

  it('shows what a change of the book does, and marks a rate that jumps', () => {
    const before = { ...base, rows: [line({ id: 'old' }), line({ id: 'gone', tier: 'flex' })] };
    const after = {
      ...base,
      version: 'w',
      rows: [
        line({ id: 'new', rates: { input: ['3.1', 1_000_000], output: ['5', 1_000_000] } }),
        line({ id: 'more', tier: 'batch' }),
      ],
    };
    expect(diffPriceBooks(before, after)).toEqual([
      'v -> w',
      expect.stringMatching(/^- old /),
      expect.stringMatching(/^- gone /),
      expect.stringMatching(/^\+ new /),
      expect.stringMatching(/^\+ more /),
      '! new: input 1/1000000 -> 3.1/1000000',
    ]);
  });
});

describe('decimals of the sources', () => {
  it.each([
    [0.18000000000000002, '0.18'],
    [0.08333333333333334, '0.0833333333333'],
    [0.1 * 0.7 * 0.001, '0.00007'],
    [0.003625, '0.003625'],
    [150, '150'],
    [1e-7, '0.0000001'],
    [0, '0'],
  ])('%d is %s', (value, text) => {
    expect(decimalOfFloat(value)).toBe(text);
  });

  it('multiply exactly', () => {
    expect(multiplyDecimals('0.003625', '1.1')).toBe('0.0039875');
    expect(multiplyDecimals('0.1', '3')).toBe('0.3');
  });
});
