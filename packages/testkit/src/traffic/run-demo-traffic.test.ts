import type { Started } from '@weir/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReplayProvider, startReplayProvider } from '../replay/replay-provider.ts';
import { seededRandom } from '../replay/synthesis/seeded-random.ts';
import { composeDemoRequest } from './compose-demo-request.ts';
import { runDemoTraffic } from './run-demo-traffic.ts';

let provider: Started<ReplayProvider>;
beforeAll(async () => {
  provider = await startReplayProvider();
});
afterAll(() => provider.stop());

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, value) => total + value, 0);

describe('runDemoTraffic', () => {
  it('reaches every provider and feature, is answered, and sums what it did', async () => {
    const progress: number[] = [];
    const summary = await runDemoTraffic({
      baseUrl: provider.value.url,
      requests: 400,
      ratePerSecond: 2_000,
      errorShare: 0.05,
      onProgress: ({ sent }) => progress.push(sent),
    });
    expect(summary).toMatchObject({ sent: 400, failed: 0 });
    expect(Object.keys(summary.statuses).sort()).toEqual(['200', '429', '500']);
    expect([sum(summary.statuses), sum(summary.providers), sum(summary.features)]).toEqual([400, 400, 400]);
    expect(summary.succeeded).toBe(summary.statuses['200']);
    expect(Object.keys(summary.features).sort()).toEqual([
      'chat',
      'code-review',
      'extract',
      'index',
      'moderate',
      'search',
      'summarise',
    ]);
    expect(progress).toHaveLength(400);
    const { served, counters } = provider.value;
    expect(counters).toMatchObject({ received: 400, served: 400, errors: 400 - summary.succeeded });
    expect(served.reduce((total, entry) => total + entry.bytes, 0)).toBe(summary.bytes);
    const used = served.flatMap((entry) => (entry.usage === null ? [] : [entry.usage]));
    expect(used.some((usage) => usage.cacheReadTokens > 0)).toBe(true);
    expect(used.some((usage) => usage.cacheWrite5mTokens > 0)).toBe(true);
    expect(used.some((usage) => usage.reasoningTokens > 0)).toBe(true);
  });

  it('counts what cannot be reached, and stops when told', async () => {
    const refused = await runDemoTraffic({ baseUrl: 'http://127.0.0.1:1', requests: 3, ratePerSecond: 1_000 });
    expect(refused).toMatchObject({ sent: 3, failed: 3, succeeded: 0 });
    const stop = new AbortController();
    const summary = await runDemoTraffic({
      baseUrl: provider.value.url,
      ratePerSecond: 100,
      signal: stop.signal,
      onProgress: ({ finished }) => finished >= 5 && stop.abort(),
    });
    expect(summary.sent).toBeLessThan(60);
  });
});

describe('composeDemoRequest', () => {
  const many = (seed: string, grownFeature?: string) => {
    const random = seededRandom(seed);
    return Array.from({ length: 300 }, () => composeDemoRequest(random, { errorShare: 0, grownFeature }));
  };

  it('gives equal requests for equal seeds', () => {
    expect(many('x')).toEqual(many('x'));
    expect(many('x')).not.toEqual(many('y'));
  });

  it('tags every request with at most five flat values and a key of its tenant', () => {
    for (const request of many('x')) {
      const metadata = JSON.parse(request.headers['cf-aig-metadata'] ?? '') as Record<string, unknown>;
      expect(Object.keys(metadata)).toEqual(['tenant', 'feature', 'user', 'env', 'prompt_version']);
      expect(JSON.stringify(request.headers)).toContain(`demo-${request.tenant}`);
    }
  });

  it('lengthens only the prompts of the grown feature', () => {
    const size = (requests: ReturnType<typeof many>, feature: string): number => {
      const own = requests.filter((request) => request.feature === feature);
      return own.reduce((total, request) => total + request.body.length, 0) / own.length;
    };
    const [normal, grown] = [many('x'), many('x', 'summarise')];
    expect(size(grown, 'summarise')).toBeGreaterThan(size(normal, 'summarise') * 2);
    expect(size(grown, 'index')).toBeLessThan(size(normal, 'index') * 1.5);
  });
});
