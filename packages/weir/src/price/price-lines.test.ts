import { embeddedPriceBook } from '@weir/pricing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceLines } from './price-lines.ts';
import { readLines } from './read-lines.ts';

const encoder = new TextEncoder();

async function* piecesOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
}

async function linesOf(text: string, cuts: readonly number[] = [], limit = 1_000): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for await (const lines of readLines(piecesOf(encoder.encode(text), cuts), limit)) {
    for (const line of lines) {
      found.push(line.text);
      expect(line.number).toBe(found.length);
    }
  }
  return found;
}

describe('readLines', () => {
  it('gives the same lines wherever the chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z é€😀{}"]{0,12}$/u), { minLength: 1 }),
        fc.array(fc.nat(500)),
        async (lines, cuts) => {
          const text = `${lines.join('\n')}\n`;
          expect(await linesOf(text, cuts)).toEqual(lines);
        },
      ),
    );
  });

  it('takes CRLF, a BOM and a last line without its end', async () => {
    expect(await linesOf('\ufeffone\r\ntwo\r\n\nthree')).toEqual(['one', 'two', '', 'three']);
    expect(await linesOf('')).toEqual([]);
  });

  it('I7 does not keep a line that is too long, and goes on behind it', async () => {
    const long = 'x'.repeat(5_000);
    expect(await linesOf(`a\n${long}\nb\n${long}`, [3, 900, 2_500, 4_000, 6_000], 100)).toEqual(['a', null, 'b', null]);
  });
});

describe('priceLines', () => {
  const record = {
    id: 'a',
    provider: 'openai',
    model: 'gpt-4o',
    at: '2026-07-24T12:00:00Z',
    usage: { input_tokens: 5 },
  };

  async function run(
    text: string,
  ): Promise<{ answers: Record<string, unknown>[]; refused: [number, string][]; count: number }> {
    const answers: Record<string, unknown>[] = [];
    const refused: [number, string][] = [];
    const count = await priceLines(piecesOf(encoder.encode(text), [7, 40]), embeddedPriceBook(), {
      write: async (lines) => {
        for (const line of lines.trimEnd().split('\n')) answers.push(JSON.parse(line) as Record<string, unknown>);
      },
      refuse: (number, reason) => refused.push([number, reason]),
    });
    return { answers, refused, count };
  }

  it('answers each record in order and numbers what it refuses', async () => {
    const lines = [
      JSON.stringify(record),
      'nonsense',
      '',
      JSON.stringify({ ...record, id: 'b', usage: 3 }),
      JSON.stringify({ ...record, id: 'c' }),
    ];
    const { answers, refused, count } = await run(lines.join('\n'));
    expect(answers.map(({ id, cost_usd }) => [id, cost_usd])).toEqual([
      ['a', '0.0000125'],
      ['c', '0.0000125'],
    ]);
    expect(refused.map(([number]) => number)).toEqual([2, 4]);
    expect(refused[1]?.[1]).toContain('usage must be an object');
    expect(count).toBe(2);
  });

  it('I5 an unknown price is an answer with null, not a refusal', async () => {
    const { answers, count } = await run(JSON.stringify({ ...record, model: 'agent_7f3a' }));
    expect(answers).toMatchObject([{ cost_usd: null, cost_source: 'unpriced', reason: 'unknown_model' }]);
    expect(count).toBe(0);
  });
});
