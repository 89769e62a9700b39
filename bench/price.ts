/** Prices per second of one core: match the model, choose the row, multiply, in bigint. */
import { embeddedPriceBook, priceUsage } from '@weir/pricing';
import { EMPTY_USAGE, type TokenUsage } from '@weir/usage';
import { median, printTable } from './support/report.ts';

const ROUNDS = 7;
const CALLS = 200_000;

const tokens = (more: Partial<TokenUsage>): TokenUsage => ({
  ...EMPTY_USAGE,
  inputTokens: 5_000,
  outputTokens: 300,
  totalTokens: 5_300,
  ...more,
});
const cached = { cacheReadTokens: 2_000, cacheWriteTokens: 1_500, cacheWrite5mTokens: 1_000, cacheWrite1hTokens: 500 };
const cases: Record<string, readonly [provider: string, model: string, usage: TokenUsage, tier?: string]> = {
  'openai gpt-4o': ['openai', 'gpt-4o-2024-08-06', tokens({})],
  'anthropic, cache of 5 min and 1 h': ['anthropic', 'claude-sonnet-4-5', tokens(cached)],
  'bedrock us. id': ['bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', tokens(cached)],
  'gpt-5.5 above 272k, priority': ['openai', 'gpt-5.5', tokens({ inputTokens: 300_000 }), 'priority'],
  'openrouter, unknown': ['openrouter', 'nobody/nothing-1', tokens({})],
};
const book = embeddedPriceBook();
const at = Date.parse('2026-07-24T12:00:00Z');
const rows: Record<string, string>[] = [];
for (const [name, [provider, model, usage, serviceTier = '']] of Object.entries(cases)) {
  const request = { provider, responseModel: model, requestModel: '', at, serviceTier, region: '', usage };
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call += 1) priceUsage(book, request);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) times.push((user + system) / CALLS);
  }
  const { total, reason } = priceUsage(book, request);
  rows.push({ call: name, 'µs of CPU': median(times).toFixed(2), priced: total === null ? reason : 'yes' });
}
printTable('price', rows);
