import { picoFromText, picoToText } from '@weir/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatement } from './read-statement.ts';
import { REASONS, type Reason, reconcile, verdictOf } from './reconcile.ts';
import type { StatementLine } from './statement.ts';
import * as samples from './testing/samples.ts';

const told = (text: string) =>
  readStatement(text, 'sample').lines.map(({ day, model, tokenClass, quantity, usd, credit, tier }) =>
    [
      day,
      model,
      tokenClass,
      quantity === null ? '-' : String(quantity),
      usd === null ? '-' : picoToText(usd),
      credit ? 'credit' : tier,
    ]
      .join(' ')
      .trim(),
  );
const line = (usd: string | null, quantity: number | null, more: Partial<StatementLine> = {}): StatementLine => ({
  day: '2026-11-20',
  model: 'gpt-4o',
  tokenClass: 'input',
  quantity: quantity === null ? null : BigInt(quantity),
  usd: usd === null ? null : picoFromText(usd),
  credit: false,
  tier: '',
  rounding: 0n,
  ...more,
});
const why = (lines: readonly StatementLine[], ledger = samples.ledgerHours(0, 10)) => {
  const { reasons, offsetHours } = reconcile(lines, ledger);
  const told0 = Object.entries(reasons).flatMap(([reason, usd]) => (usd === 0n ? [] : [[reason, picoToText(usd)]]));
  return { ...Object.fromEntries(told0), ...(offsetHours === 0 ? {} : { offsetHours }) };
};

describe('I4 statements in their documented forms', () => {
  it('OpenAI costs and usage, JSON and CSV, digits kept as written', () => {
    expect(told(samples.OPENAI_COSTS)).toEqual([
      '2026-11-20 gpt-4o-2024-08-06 input - 2.5',
      '2026-11-20 gpt-4o-2024-08-06 cache_read - 0.125',
      '2026-11-20 gpt-4o-2024-08-06 output - 1',
    ]);
    expect(told(samples.OPENAI_USAGE)).toEqual([
      '2026-11-20 gpt-4o-2024-08-06 input 1000000 - default',
      '2026-11-20 gpt-4o-2024-08-06 cache_read 100000 - default',
      '2026-11-20 gpt-4o-2024-08-06 output 100000 - default',
    ]);
    expect(told(samples.OPENAI_COSTS_CSV)).toEqual(['2026-11-20 gpt-4o-2024-08-06 input - 2.5']);
    expect(readStatement(samples.OPENAI_COSTS_CSV, 'x').provider).toBe('openai');
  });
  it('Anthropic cost reports are in cents; usage has its cache writes together', () => {
    expect(told(samples.ANTHROPIC_COSTS)).toEqual([
      '2026-11-20 claude-sonnet-4-5-20250929 input - 3.0025 standard',
      '2026-11-20  other - 0.01',
    ]);
    expect(told(samples.ANTHROPIC_USAGE)[2]).toBe('2026-11-20 claude-sonnet-4-5-20250929 cache_write 7 - batch');
  });
  it('AWS CUR 2.0, FOCUS and plain tables; credits apart', () => {
    expect(told(samples.AWS_CUR)).toEqual([
      '2026-11-20 anthropic.claude-sonnet-4-5-20250929-v1:0 input 1000500 3.0015',
      '2026-11-20 AmazonBedrock  - -1.25 credit',
    ]);
    expect(told(samples.FOCUS_CSV)).toEqual(['2026-11-20 gpt-4o input 1000000 2.5', '2026-11-20   - -0.5 credit']);
    expect(told(samples.PLAIN_CSV)).toEqual(['2026-11-20 gpt-4o input 1000000 2.5']);
  });
  it('says what it cannot read', () => {
    expect(() => readStatement('a,b\n1,2\n', 'x.csv')).toThrowError(
      expect.objectContaining({ code: 'STATEMENT_UNKNOWN' }),
    );
    expect(() => readStatement('day,usd\n2026-11-20,lots\n', 'x.csv')).toThrowError(
      /x.csv: line 2: "lots" is no amount/,
    );
    expect(() => readStatement('{"data":', 'x.json')).toThrowError(
      expect.objectContaining({ code: 'STATEMENT_INVALID' }),
    );
  });
});

/** Ten hours of the ledger: a million tokens, 2.5 USD. */
describe('I4 reconcile: each kind of gap is named, to the last digit', () => {
  it('nothing to explain', () => expect(why([line('2.5', 1_000_000)])).toEqual({}));
  it('rounding', () =>
    expect(why([line('2.50', null, { usd: picoFromText('2.504'), rounding: 5_000_000_000n })])).toEqual({
      rounding: '0.004',
    }));
  it('credits', () =>
    expect(why([line('2.5', 1_000_000), line('-1', null, { credit: true, model: '' })])).toEqual({ credits: '-1' }));
  it('unpriced', () => {
    const ledger = [
      ...samples.ledgerHours(0, 8),
      ...samples.ledgerHours(8, 2, { quantity: 0n, usd: 0n, unpriced: 100_000n }),
    ];
    expect(why([line('2.5', 1_000_000)], ledger)).toEqual({ unpriced: '0.5' });
  });
  it('bypassed, in part and a whole model', () => {
    expect(why([line('3', 1_200_000)])).toEqual({ bypassed: '0.5' });
    expect(why([line('2.5', 1_000_000), line('0.75', null, { model: 'o3' })])).toEqual({ bypassed: '0.75' });
  });
  it('unmatched: a model that only one side names, where the other side has one of its own', () => {
    const house = samples.ledgerHours(0, 2, { model: 'house-model' });
    const known = [line('2.5', 1_000_000), line('0.5', null, { model: 'o3' })];
    expect(why(known, [...samples.ledgerHours(0, 10), ...house])).toEqual({});
    const other = [line('2.5', 1_000_000), line('0.75', null, { model: 'o3' })];
    expect(why(other, [...samples.ledgerHours(0, 10), ...house])).toEqual({ unmatched: '0.25' });
    expect(verdictOf(reconcile(other, []), 10n ** 13n)).toBe('nothing_compared');
  });
  it('tier, named by both sides or half of the price', () => {
    expect(why([line('1.25', 1_000_000)])).toEqual({ tier: '-1.25' });
    expect(why([line('4.25', 1_000_000, { tier: 'priority' })])).toEqual({ tier: '1.75' });
  });
  it('time zone', () => {
    const busy = samples.ledgerHours(-24, 96).map((cell, index) => ({ ...cell, usd: BigInt(index) * 1_000_000_000n }));
    const pacific = (day: string): bigint => {
      const hours = busy.filter(({ hourMs }) => new Date(hourMs - 8 * 3_600_000).toISOString().startsWith(day));
      return hours.reduce((sum, { usd }) => sum + usd, 0n);
    };
    const lines = ['2026-11-20', '2026-11-21'].map((day) => line(null, null, { day, usd: pacific(day) }));
    expect(why(lines, busy)).toEqual({ offsetHours: -8, time_zone: '0.384' });
  });
  it('another price for the same tokens stays unexplained', () =>
    expect(why([line('2.75', 1_000_000)])).toEqual({ unexplained: '0.25' }));
  it('whatever the statement says, the reasons add up to the difference', () => {
    const any = fc.record({
      usd: fc.bigInt({ min: 0n, max: 10n ** 13n }),
      quantity: fc.option(fc.nat(2_000_000)),
      rounding: fc.bigInt({ min: 0n, max: 10n ** 10n }),
      day: fc.constantFrom('2026-11-20', '2026-11-21'),
      model: fc.constantFrom('gpt-4o', 'o3', ''),
      credit: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 8 }), (parts) => {
        const lines = parts.map(({ quantity, ...rest }) => line(null, quantity, rest));
        const result = reconcile(lines, samples.ledgerHours(0, 40, { unpriced: 7n }));
        const statement = lines.reduce((sum, { usd }) => sum + (usd ?? 0n), 0n);
        expect(result.statementUsd).toBe(statement);
        expect(REASONS.reduce((sum, reason: Reason) => sum + result.reasons[reason], 0n)).toBe(
          statement - result.ledgerUsd,
        );
      }),
    );
  });
});
