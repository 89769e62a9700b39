import { expect, it } from 'vitest';
import type { BookedCall } from './booked-call.ts';
import { usageOfCall } from './usage-of-call.ts';

const chat = (input: number, output: number, cached: number) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached },
});

/** The row of a batch's results, of one model. */
const results = (usages: readonly object[], counts: readonly number[], more: Partial<BookedCall> = {}): BookedCall => ({
  account: 'a',
  gateway: 'g',
  provider: 'openai',
  pricingProvider: 'openai',
  requestModel: '',
  responseModel: 'gpt-4o-mini-2024-07-18',
  serviceTier: 'batch',
  region: '',
  operation: 'other',
  counts,
  usage: {},
  usageFlags: [],
  usageRaw: JSON.stringify(usages),
  inParts: true,
  rateIds: 1,
  ...more,
});

it('I6 the results of a batch are priced again one by one, where their counts are those of the row', () => {
  const usages = [chat(1_000, 100, 400), chat(2_000, 50, 0)];
  const parts = usageOfCall(results(usages, [3_000, 150, 3_150, 400, 0, 0, 0, 0]));
  expect(
    parts?.map(({ model, usage }) => [model, usage.inputTokens, usage.cacheReadTokens, usage.outputTokens]),
  ).toEqual([
    ['gpt-4o-mini-2024-07-18', 1_000, 400, 100],
    ['gpt-4o-mini-2024-07-18', 2_000, 0, 50],
  ]);
});

it('I5 results that do not give the counts of the row, or are of several prices, keep their cost', () => {
  const usages = [chat(1_000, 100, 0)];
  expect(usageOfCall(results(usages, [2_000, 100, 2_100, 0, 0, 0, 0, 0]))).toBeUndefined();
  expect(usageOfCall(results(usages, [1_000, 100, 1_100, 0, 0, 0, 0, 0], { rateIds: 2 }))).toBeUndefined();
});
