import { describe, expect, it } from 'vitest';
import { isRetriedAnswer, isRetriedFailure, retryAfterMs, retryDelayMs } from './retry-policy.ts';

describe('what is retried', () => {
  it.each([
    [200, false],
    [302, false],
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [409, true],
    [422, false],
    [429, true],
    [500, true],
    [503, true],
    [529, true],
  ])('status %i: %s', (status, expected) => {
    expect(isRetriedAnswer(status, {})).toBe(expected);
  });

  it('the provider may know better, but a success stays one', () => {
    expect(isRetriedAnswer(429, { 'x-should-retry': 'false' })).toBe(false);
    expect(isRetriedAnswer(400, { 'x-should-retry': 'true' })).toBe(true);
    expect(isRetriedAnswer(200, { 'x-should-retry': 'true' })).toBe(false);
    expect(isRetriedAnswer(503, { 'x-should-retry': 'perhaps' })).toBe(true);
  });

  it('network failures and time-outs are, what Weir or the client ended is not', () => {
    expect(isRetriedFailure('UPSTREAM_RESET')).toBe(true);
    expect(isRetriedFailure('UPSTREAM_FIRST_BYTE_TIMEOUT')).toBe(true);
    for (const code of ['', 'INGRESS_STOPPING', 'INGRESS_BODY_TOO_LARGE', 'UPSTREAM_DRAIN_LIMIT'] as const) {
      expect(isRetriedFailure(code)).toBe(false);
    }
  });
});

describe('how long is waited', () => {
  it.each([
    ['constant', [100, 100, 100]],
    ['linear', [100, 200, 300]],
    ['exponential', [100, 200, 400]],
  ] as const)('%s', (backoff, expected) => {
    const policy = { maxAttempts: 5, delayMs: 100, backoff };
    expect([1, 2, 3].map((attempt) => retryDelayMs(policy, attempt, 0.5))).toEqual(expected);
  });

  it('spread by a fifth either way', () => {
    const policy = { maxAttempts: 5, delayMs: 1000, backoff: 'constant' } as const;
    expect(retryDelayMs(policy, 1, 0)).toBe(800);
    expect(retryDelayMs(policy, 1, 0.999_999)).toBe(1200);
  });

  it.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0.25' }, 250],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:07 GMT' }, 5000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:01 GMT' }, 0],
    [{ 'retry-after-ms': '120', 'retry-after': '1' }, 120],
    [{ 'retry-after': 'soon' }, 0],
    [{}, 0],
  ])('%o asks for %i ms', (headers, expected) => {
    expect(retryAfterMs(headers, 2000)).toBe(expected);
  });
});
