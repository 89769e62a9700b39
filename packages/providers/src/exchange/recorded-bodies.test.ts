import { describe, expect, it } from 'vitest';
import type { ExchangeFacts } from '../exchange.ts';
import { toExpected } from '../testing/expected-usage.ts';
import {
  type Entry,
  recordedEntries as entries,
  exchangeOf,
  type Json,
  present,
} from '../testing/recorded-exchanges.ts';
import { readExchange } from './read-exchange.ts';

function usageDifference(entry: Entry, facts: ExchangeFacts): string {
  const { expected } = entry;
  const { usage } = facts;
  if (expected === null || expected['input_tokens'] === undefined) {
    const tokens = usage === null ? 0 : usage.inputTokens + usage.outputTokens;
    const items = (expected?.['extras'] as Json | undefined)?.['items'] as readonly Json[] | undefined;
    if (items === undefined) return tokens === 0 ? '' : `${tokens} tokens where none are expected`;
    if (items.length !== facts.usageParts.length) return `${facts.usageParts.length} parts, not ${items.length}`;
    return items
      .map((item, position) => {
        const part = facts.usageParts[position];
        return part === undefined ? 'no part' : toExpected(item, part.usage, null, []);
      })
      .join('');
  }
  return usage === null ? 'no usage' : toExpected(expected, usage, facts.billedUsage, facts.usageParts);
}

function extrasDifference(entry: Entry, facts: ExchangeFacts): string {
  const extras = (entry.expected?.['extras'] ?? {}) as Json;
  const differences: string[] = [];
  const units = facts.usage?.units ?? {};
  const compare = (name: string, want: unknown, have: unknown): void => {
    if (want !== undefined && want !== have) differences.push(`${name} ${String(have)} != ${String(want)}`);
  };
  const tier = extras['service_tier'] ?? extras['serviceTier'] ?? extras['trafficType'];
  compare('tier', tier === 1 ? 'ON_DEMAND' : tier, facts.serviceTier);
  compare('seconds', extras['prompt_audio_seconds'], units.inputAudioSeconds);
  compare('search units', extras['search_units'], units.rerankSearches);
  compare('searches', (extras['server_tool_use'] as Json | undefined)?.['web_search_requests'], units.webSearches);
  compare(
    'searches',
    (extras['server_tool_use_details'] as Json | undefined)?.['web_search_requests'],
    units.webSearches,
  );
  const cost = extras['cost'];
  // A float of the recording is compared as a float; the reader itself never makes one.
  if (typeof cost === 'number' && extras['is_byok'] !== true) compare('cost', cost, Number(facts.reportedCostUsd));
  if (typeof cost === 'object') compare('cost', (cost as Json)['total_cost'], Number(facts.reportedCostUsd));
  compare('cost', extras['cost_usd'], extras['cost_usd'] === undefined ? undefined : Number(facts.reportedCostUsd));
  if (entry.provider === 'xai' && typeof extras['cost_in_usd_ticks'] === 'number') {
    compare('ticks', extras['cost_in_usd_ticks'], Math.round(Number(facts.reportedCostUsd) * 1e10));
  }
  return differences.join('; ');
}

function errorDifference(entry: Entry, facts: ExchangeFacts): string {
  const want = entry.expected_error;
  const have = facts.error;
  if (want === undefined) return have === null ? '' : `unexpected error ${JSON.stringify(have)}`;
  if (have === null) return `no error, not ${want.category}`;
  const same =
    have.category === want.category && have.retryable === want.retryable && have.midStream === want.mid_stream;
  return same ? '' : `${JSON.stringify(have)} != ${JSON.stringify(want)}`;
}

describe.skipIf(!present)('recorded bodies', () => {
  it('are all here', () => {
    expect(entries.length).toBeGreaterThanOrEqual(277);
  });

  it.each(entries.map((entry) => [entry.id, entry] as const))('I5 %s', (_, entry) => {
    const facts = readExchange(exchangeOf(entry));
    const differences = [usageDifference(entry, facts), extrasDifference(entry, facts), errorDifference(entry, facts)];
    expect(differences.filter((difference) => difference !== '')).toEqual([]);
  });
});
