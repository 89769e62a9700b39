import fc from 'fast-check';
import { countTokens as exactCount } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { countTokens } from './count-tokens.ts';

describe('countTokens', () => {
  it('is exact for text of a usual size, special tokens included', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 400 });
    fc.assert(
      fc.property(texts, fc.constantFrom('', '<|endoftext|>', '<|im_start|>'), (text, special) => {
        const whole = `${text}${special}`;
        expect(countTokens(whole, exactCount)).toBe(exactCount(whole, { disallowedSpecial: new Set() }));
      }),
    );
  });

  it('never hands the tokenizer a run without white space that would take it quadratic time', () => {
    let longest = 0;
    const spy = (text: string): number => {
      for (const run of text.match(/\S+|\s+/g) ?? []) longest = Math.max(longest, run.length);
      return text.length;
    };
    const text = `${'a'.repeat(50_000)} b ${'漢'.repeat(10_000)}${'\n'.repeat(5_000)}end`;
    expect(countTokens(text, spy)).toBe(text.length);
    expect(longest).toBe(2_000);
    expect(countTokens(text, exactCount)).toBeGreaterThan(0);
  });

  it('counts a sample of a very long text and scales it', () => {
    let counted = 0;
    const text = 'word '.repeat(400_000);
    const tokens = countTokens(text, (piece) => {
      counted += piece.length;
      return piece.length / 5;
    });
    expect(counted).toBe(200_000);
    expect(tokens).toBe(400_000);
  });
});
