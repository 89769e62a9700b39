import type { CachedAnswer, CacheKey } from '../response-cache.ts';

export const NOW = Date.now();

export const sampleKey = (change: Partial<CacheKey> = {}): CacheKey => ({
  gateway: 'team',
  account: 'acc',
  name: 'a'.repeat(64),
  chosen: false,
  ...change,
});
export const sampleAnswer = (change: Partial<CachedAnswer> = {}): CachedAnswer => ({
  headers: ['content-type', 'text/event-stream', 'x-é', '1'],
  body: Buffer.from('data: {"é":1}\n\n\0'),
  requestId: '0192f0c1-0000-7000-8000-000000000000',
  usageAdded: false,
  storedAt: NOW,
  expiresAt: NOW + 60_000,
  ...change,
});
