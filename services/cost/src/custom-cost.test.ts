import { picoToText } from '@weir/kernel';
import { EMPTY_USAGE } from '@weir/usage';
import { describe, expect, it } from 'vitest';
import { priceByCaller, readCustomCost } from './custom-cost.ts';

// The worked case of the contract: 1,000 in, of which 600 were read from the cache and 200 written.
const usage = {
  ...EMPTY_USAGE,
  inputTokens: 1_000,
  outputTokens: 100,
  cacheReadTokens: 600,
  cacheWriteTokens: 200,
};

describe('cf-aig-custom-cost', () => {
  it.each([
    ['{"per_token_in":0.000001,"per_token_out":0.000002}', '0.0012'],
    ['{"per_token_in":1e-6,"per_token_out":"0.000002"}', '0.0012'],
    ['{"per_token_in":0.000001,"per_token_out":0,"per_cache_read_token":0.0000001}', '0.00046'],
    ['{"per_token_in":0.000001,"per_token_out":0,"per_cache_write_token":0.000002}', '0.0012'],
    ['{"total_cost":0.30000000000000004}', '0.3'],
    ['{"per_token_in":0.000000000000123456,"per_token_out":0}', '0.000000000123'],
  ])('I4 %s is %s USD', (header, usd) => {
    const custom = readCustomCost(header);
    const priced = priceByCaller(custom ?? {}, usage);
    expect(picoToText(priced.total ?? -1n)).toBe(usd);
    expect(priced.lines.reduce((sum, line) => sum + (line.amount ?? 0n), 0n)).toBe(priced.total);
  });

  it.each(['', '{', '[]', 'null', '{}', '{"per_token_in":-1}', '{"per_token_in":"x"}', '{"other":1}'])(
    'takes %j for nothing',
    (header) => {
      expect(readCustomCost(header)).toBe(null);
    },
  );
});
