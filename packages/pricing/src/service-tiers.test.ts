import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { embeddedPriceBook } from './embedded-price-book.ts';
import { priceRecord } from './record/price-record.ts';

const FILE = new URL('../../../../shared/reference/prices/service-tiers.json', import.meta.url);
const present = existsSync(FILE);
if (!present) process.stderr.write(`SKIPPED: service tiers are absent (${FILE.pathname})\n`);

type Rates = Readonly<Record<'input' | 'output' | 'cache_read', string | readonly string[] | null>>;
type Tiers = Readonly<Record<string, Readonly<Record<string, Rates>>>>;
const tiers: Tiers = present ? (JSON.parse(readFileSync(FILE, 'utf8')) as Tiers) : {};
const cases = Object.entries(tiers).flatMap(([key, byTier]) =>
  Object.entries(byTier).map(([name, rates]) => [key, name, rates] as const),
);
const ABOVE = '_above_272k';
/** After the cuts of July 2026, which the list already holds. */
const AT = '2026-08-10T12:00:00Z';
const book = embeddedPriceBook();

function ratesOf(key: string, name: string): Readonly<Record<string, string>> {
  const slash = key.indexOf('/');
  const priced = priceRecord(book, {
    id: key,
    provider: key.slice(0, slash),
    model: key.slice(slash + 1),
    usage: { input_tokens: name.endsWith(ABOVE) ? 300_000 : 1_000, cache_read_tokens: 500, output_tokens: 100 },
    at: AT,
    service_tier: name.replace(ABOVE, ''),
  });
  return Object.fromEntries(priced.lines.map((line) => [line.class, `${line.rate} per ${line.per}`]));
}

describe.skipIf(!present)('service tiers on which two lists agree', () => {
  it('are all here', () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  it.each(cases)('I4 %s %s', (key, name, rates) => {
    const found = ratesOf(key, name);
    for (const unit of ['input', 'output', 'cache_read'] as const) {
      const rate = rates[unit];
      // An embedding has no output; where lists differ by rounding, each of them will do.
      if (rate === null || rate === '0') continue;
      expect([rate].flat().map((one) => `${one} per 1000000`)).toContain(found[unit]);
    }
  });
});
