import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toExpected } from '../testing/expected-usage.ts';
import { normalizeUsage } from './normalize-usage.ts';

const corpus = new URL('../../../../../shared/fixtures/_corpus/usages.jsonl', import.meta.url);
const present = existsSync(corpus);
if (!present) process.stderr.write(`SKIPPED: recorded usage objects are absent (${corpus.pathname})\n`);

interface Row {
  readonly family: string;
  readonly model: string | null;
  readonly usage: unknown;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly source: string;
}

/** The wire names the modality by number (2 = IMAGE, 516 tokens); the expectation left those rows unsplit. */
const UNSPLIT = 'tests/cassettes/test_generate_content_with_files.yaml#0: input_image_tokens 516 != 0';

describe.skipIf(!present)('recorded usage objects', () => {
  const rows = present
    ? readFileSync(corpus, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row)
    : [];

  it('I5 normalise to the expected classes, every one', () => {
    const failures: string[] = [];
    for (const row of rows) {
      const { usage, billedUsage, parts } = normalizeUsage(row.family, row.usage, { model: row.model ?? '' });
      if (usage === null) failures.push(`${row.source}: no usage`);
      else {
        const difference = toExpected(row.expected, usage, billedUsage, parts);
        if (difference !== '') failures.push(`${row.family} ${row.source}: ${difference}`);
      }
    }
    expect(failures.filter((failure) => !failure.endsWith(UNSPLIT))).toEqual([]);
    expect(rows.length).toBeGreaterThan(2_000);
  });
});
