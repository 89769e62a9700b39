import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDecimal } from '@weir/kernel';
import { fixturesDirectory } from '@weir/testkit';
import { describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../main.ts');
const fixtures = fixturesDirectory('weir price on every priced case');

interface Answer {
  readonly id: string;
  readonly cost_usd: string | null;
  readonly cost_source: string;
  readonly lines: readonly {
    readonly class: string;
    readonly quantity: number;
    readonly rate: string;
    readonly per: number;
    readonly rate_id: string;
    readonly amount: string | null;
  }[];
  readonly flags: readonly string[];
}

function price(input: string, ...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'price', ...parameters], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const answers = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer);
  return { status, stderr, answers };
}

const record = {
  id: 'r',
  provider: 'openai',
  model: 'gpt-4o',
  at: '2026-07-24T12:00:00Z',
  usage: { input_tokens: 1_000 },
};

describe('weir price', () => {
  it('prints JSON lines and nothing else, names bad lines on standard error, and exits 1 for them', () => {
    const { status, stderr, answers } = price(`{"id":"x"\n${JSON.stringify(record)}\n[]\n`);
    expect(answers).toMatchObject([
      {
        id: 'r',
        cost_usd: '0.0025',
        cost_source: 'computed',
        lines: [{ class: 'input', quantity: 1_000, rate: '2.5', per: 1_000_000, amount: '0.0025' }],
        flags: [],
      },
    ]);
    expect(answers[0]?.lines[0]?.rate_id).toMatch(/^openai\/gpt-4o:/);
    expect(stderr).toMatch(/line 1: .*\n.*line 3: .*\n.*2 lines/);
    expect(status).toBe(1);
  });

  it('holds input of any length in little memory: 60,000 records, in order', () => {
    const lines = Array.from({ length: 60_000 }, (_, id) => JSON.stringify({ ...record, id: String(id) }));
    const { status, answers } = price(lines.join('\n'));
    expect(answers.map(({ id }) => id)).toEqual(lines.map((_, id) => String(id)));
    expect(status).toBe(0);
  });

  it('says so when a file or a book cannot be read', () => {
    expect(price('', '/nowhere/usage.jsonl')).toMatchObject({ status: 1, answers: [] });
    const { status, stderr } = price('', '--book', '/nowhere/book.json');
    expect([status, stderr]).toEqual([1, expect.stringContaining('/nowhere/book.json')]);
  });
});

/** `input $2.5/M; web_search $0.01 each` to USD for one unit, as fractions. */
function statedRates(explanation: string): Map<string, readonly [numerator: bigint, denominator: bigint]> {
  const rates = new Map<string, readonly [bigint, bigint]>();
  for (const [, name = '', amount = '', per] of explanation.matchAll(/(\w+) \$(\d+(?:\.\d+)?)(\/M| each)/g)) {
    const { numerator, denominator } = parseDecimal(amount);
    rates.set(name, [numerator, denominator * (per === '/M' ? 1_000_000n : 1n)]);
  }
  return rates;
}

describe.skipIf(fixtures === undefined)('weir price on the priced cases', () => {
  const text = fixtures === undefined ? '' : readFileSync(join(fixtures, 'pricing/priced-cases.jsonl'), 'utf8');
  const cases = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { id: string; expected_cost_usd: string | null; explanation: string });
  const { status, answers } = fixtures === undefined ? { status: 0, answers: [] } : price(text);

  it('answers every one', () => {
    expect(cases.length).toBeGreaterThan(100);
    expect(answers.map(({ id }) => id)).toEqual(cases.map(({ id }) => id));
    expect(status).toBe(0);
  });

  it('I4 to the last digit, by the rates that the case states', () => {
    const wrong = cases.flatMap(({ id, expected_cost_usd: expected, explanation }, index) => {
      const answer = answers[index];
      if (answer?.cost_usd !== expected) return [`${id}: ${String(answer?.cost_usd)}, not ${String(expected)}`];
      const rates = statedRates(explanation);
      return answer.lines.flatMap(({ class: name, rate, per }) => {
        const [numerator, denominator] = rates.get(name) ?? [0n, 1n];
        const own = rate === '' ? undefined : parseDecimal(rate);
        const same = own !== undefined && own.numerator * denominator === numerator * own.denominator * BigInt(per);
        return same || expected === null ? [] : [`${id}: ${name} at ${rate} per ${per}`];
      });
    });
    expect(wrong).toEqual([]);
  });
});
