import { divideHalfEven, parseDecimal, picoToText } from '@weir/kernel';
import { EMPTY_USAGE } from '@weir/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddedPriceBook } from '../embedded-price-book.ts';
import type { PriceRequest } from '../price-request.ts';
import { priceUsage } from '../price-usage.ts';
import { withTerms } from './with-terms.ts';

const M = 1_000_000;
const list = embeddedPriceBook();
const request: PriceRequest = {
  provider: 'openai',
  responseModel: 'gpt-4o-2024-08-06',
  requestModel: 'gpt-4o',
  at: Date.parse('2026-07-24T12:00:00Z'),
  serviceTier: '',
  region: '',
  account: 'acme',
  gateway: 'prod',
  usage: { ...EMPTY_USAGE, inputTokens: 1_000, outputTokens: 100, totalTokens: 1_100 },
};
const usd = (amount: bigint | null): string | null => (amount === null ? null : picoToText(amount));
const terms = (document: object) => withTerms(list, { format: 1, ...document }, 'abc');
const price = (document: object, more: Partial<PriceRequest> = {}) =>
  priceUsage(terms(document), { ...request, ...more });

describe('overrides', () => {
  const own = { id: 'own', account: 'acme', model: 'gpt-4o', rates: { input: ['1', M] } };

  it('I4 stand in for the list rate of their unit, and name themselves on the line', () => {
    const priced = price({ overrides: [own] });
    expect(usd(priced.total)).toBe('0.002');
    expect(priced.source).toBe('override');
    expect(priced.lines.map(({ rateId }) => rateId === 'own')).toEqual([true, false]);
    expect(priced.bookVersion).toBe(`${list.version}+abc`);
  });

  it.each<[string, Partial<PriceRequest>]>([
    ['another account', { account: 'other' }],
    ['another model', { responseModel: 'gpt-4o-mini', requestModel: 'gpt-4o-mini' }],
    ['another tier', { serviceTier: 'batch' }],
  ])('are not for %s', (_, more) => {
    expect(price({ overrides: [own] }, more)).toMatchObject({ source: 'computed' });
  });

  it('hold from their first moment to the one before their last', () => {
    const dated = { ...own, from: '2026-07-24', to: '2026-07-25' };
    const sourceAt = (at: string) => price({ overrides: [dated] }, { at: Date.parse(at) }).source;
    expect(sourceAt('2026-07-23T23:59:59.999Z')).toBe('computed');
    expect(sourceAt('2026-07-24T00:00:00Z')).toBe('override');
    expect(sourceAt('2026-07-25T00:00:00Z')).toBe('computed');
  });

  it('an exact name wins over a pattern, and either prices what the list does not know', () => {
    const broad = {
      ...own,
      id: 'broad',
      model: undefined,
      pattern: '^(gpt|acme)-',
      rates: { input: ['9', M], output: ['9', M] },
    };
    expect(price({ overrides: [broad, own] }).lines[0]?.rateId).toBe('own');
    const house = price({ overrides: [broad] }, { responseModel: 'acme-house', requestModel: 'acme-house' });
    expect(usd(house.total)).toBe('0.0099');
    const half = { ...own, model: 'acme-house' };
    const unknown = price({ overrides: [half] }, { responseModel: 'acme-house', requestModel: '' });
    expect(unknown).toMatchObject({ total: null, reason: 'no_rate_for_output' });
  });
});

describe('discounts', () => {
  const tenth = { id: 'tenth', provider: 'openai', percent: '10', units: ['input'] };

  it('I4 come after the list price, on a line of their own', () => {
    const priced = price({ discounts: [tenth] });
    expect(usd(priced.total)).toBe('0.00325');
    const [input, output, discount] = priced.lines;
    expect([usd(input?.amount ?? null), usd(output?.amount ?? null)]).toEqual(['0.0025', '0.001']);
    expect(discount).toMatchObject({ class: 'discount', quantity: 10, unit: 'percent', rateId: 'tenth' });
    expect(usd(discount?.amount ?? null)).toBe('-0.00025');
    expect(priced.source).toBe('computed');
  });

  it('I4 the lines add up to the total, and their list part to the list total, whatever the percentage', () => {
    const percents = fc.integer({ min: 0, max: 100_000_000 }).map((micro) => picoToText(BigInt(micro) * 1_000_000n));
    fc.assert(
      fc.property(
        percents,
        fc.nat({ max: 10_000_000 }),
        fc.nat({ max: 1_000_000 }),
        (percent, inputTokens, outputTokens) => {
          const usage = { ...EMPTY_USAGE, inputTokens, outputTokens };
          const priced = price({ discounts: [{ id: 'all', percent }] }, { usage });
          const sum = (lines: typeof priced.lines) => lines.reduce((total, line) => total + (line.amount ?? 0n), 0n);
          const listed = priceUsage(list, { ...request, usage }).total ?? 0n;
          expect(sum(priced.lines)).toBe(priced.total);
          expect(sum(priced.lines.filter((line) => line.class !== 'discount'))).toBe(listed);
          const { numerator, denominator } = parseDecimal(percent);
          expect(priced.total).toBe(listed - divideHalfEven(listed * numerator, denominator * 100n));
        },
      ),
    );
  });

  it('do not add up, and leave an unknown cost unknown', () => {
    const twice = price({ discounts: [tenth, { ...tenth, id: 'again' }] });
    expect(twice.lines.filter((line) => line.class === 'discount')).toHaveLength(1);
    expect(price({ discounts: [tenth] }, { responseModel: 'acme-house', requestModel: '' })).toMatchObject({
      total: null,
      reason: 'unknown_model',
    });
  });
});

describe("names of one's own", () => {
  const deployment = { id: 'd', provider: 'azure', model: 'Prod-Chat', means: 'gpt-4o-2024-08-06' };
  const profile = {
    id: 'i',
    provider: 'bedrock',
    pattern: '^arn:.*/abc123$',
    means: 'us.anthropic.claude-opus-4-6-v1',
  };
  const asked = { provider: 'azure', responseModel: '', requestModel: 'prod-chat' };

  it('give a deployment the price of its model, for its account, gateway and time', () => {
    expect(usd(price({ aliases: [deployment] }, asked).total)).toBe('0.0035');
    expect(price({}, asked)).toMatchObject({ total: null, reason: 'unknown_model' });
    expect(price({ aliases: [{ ...deployment, account: 'other' }] }, asked).total).toBeNull();
    expect(price({ aliases: [{ ...deployment, to: '2026-01-01' }] }, asked).total).toBeNull();
    expect(price({ aliases: [deployment] }, { ...asked, provider: 'openai' }).total).toBeNull();
  });

  it('give an inference profile the price of what it hides, and an override finds either name', () => {
    const arn = 'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123';
    const call = { provider: 'aws-bedrock', responseModel: '', requestModel: arn };
    expect(price({ aliases: [profile] }, call)).toMatchObject({
      source: 'computed',
      model: 'anthropic.claude-opus-4-6-v1:0',
    });
    const own = { id: 'own', provider: 'azure', model: 'prod-chat', rates: { input: ['1', M], output: ['1', M] } };
    expect(price({ aliases: [deployment], overrides: [own] }, asked)).toMatchObject({ source: 'override' });
  });
});

it.each([
  [{ aliases: [{ id: 'x', means: 'gpt-4o' }] }, /x.model/],
  [{ aliases: [{ id: 'x', model: 'a' }] }, /x.means/],
  [{ overrides: [{ id: 'x', provider: 'nobody', rates: {} }] }, /x.provider/],
  [{ overrides: [{ id: 'x', pattern: 'gpt', rates: {} }] }, /anchored/],
  [{ overrides: [{ id: 'x', rates: { input: [1, M] } }] }, /input/],
  [{ discounts: [{ id: 'x', percent: '101' }] }, /percent/],
  [{ discounts: [{ id: 'x', percent: 10 }] }, /percent/],
  [{ format: 2 }, /format/],
])('refuses %j', (document, message) => {
  expect(() => terms(document)).toThrowError(message);
});
