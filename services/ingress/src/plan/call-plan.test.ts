import { Readable } from 'node:stream';
import { systemClock } from '@weir/kernel';
import { describe, expect, it } from 'vitest';
import { INGRESS_DEFAULTS } from '../config.ts';
import { CallPlan, type ReadSteps } from './call-plan.ts';
import type { CallStep } from './call-step.ts';

const config = { ...INGRESS_DEFAULTS, keptBodyBytesMax: 100, requestBodyBytesMax: 1_000 };
const ONCE = { maxAttempts: 1, delayMs: 0, backoff: 'constant' } as const;

const stepWith = (parts: Partial<CallStep>): CallStep => ({
  call: { id: 'a', step: 0, attempt: 1 } as CallStep['call'],
  headers: {},
  rawHeaders: [],
  connection: undefined,
  body: undefined,
  retry: ONCE,
  gate: undefined,
  cache: undefined,
  answerHeaders: [],
  addsUsage: false,
  timeoutMs: undefined,
  ...parts,
});

const planOf = (steps: readonly CallStep[] | ReadSteps): CallPlan =>
  new CallPlan({ config, dependencies: { clock: systemClock, random: () => 0.5, uuid: () => 'b' } }, steps);

const gate = { needsBody: true, enter: () => ({ headers: undefined }) };
const retry = { ...ONCE, maxAttempts: 3 };

describe('a request is known whole before it is sent', () => {
  it.each([
    ['for nothing', [stepWith({})], 0],
    ['for another attempt', [stepWith({ retry })], 100],
    ['for another step', [stepWith({}), stepWith({})], 100],
    ['for the cache', [stepWith({ cache: { ttlSeconds: 1, name: '', skip: false, asked: false } })], 100],
    ['to ask for the usage of its stream', [stepWith({ addsUsage: true })], 100],
    ['for a policy, whatever its size', [stepWith({ gate })], 1_000],
    ['to read its steps', () => [], 100],
  ])('%s', (_, steps, bytes) => {
    expect(planOf(steps).keptBytesMax).toBe(bytes);
  });
});

describe('a body that is sent as it comes', () => {
  it('is sent once', () => {
    const plan = planOf([stepWith({ retry })]);
    const failed = { status: 503, head: undefined, code: 'UPSTREAM_RESET' } as const;
    expect(plan.take(Buffer.from('{}'))).toBeUndefined();
    expect(plan.next(stepWith({}).call, failed)).toEqual({ step: 0, attempt: 2, delayMs: 0 });
    expect(plan.take(new Readable())).toBeUndefined();
    expect(plan.next(stepWith({}).call, failed)).toBeUndefined();
  });

  it('I7 is refused where a policy must see it, or where it names its steps', () => {
    expect(planOf([stepWith({ gate })]).take(new Readable())).toMatchObject({ code: 'INGRESS_OVERLOADED' });
    expect(planOf(() => []).take(new Readable())).toMatchObject({ code: 'INGRESS_BODY_TOO_LARGE' });
  });
});

it('only the last of several attempts waits longer than its caller asked', () => {
  const [first, last] = [stepWith({ retry, timeoutMs: 5 }), stepWith({ retry, timeoutMs: 7 })];
  const plan = planOf([first, last]);
  const at = (step: number, attempt: number) => ({ step, attempt, delayMs: 0 });
  expect([1, 2, 3].map((attempt) => plan.timeoutMs(first, at(0, attempt)))).toEqual([5, 5, 5]);
  expect([1, 2, 3].map((attempt) => plan.timeoutMs(last, at(1, attempt)))).toEqual([7, 7, undefined]);
  expect(planOf([stepWith({ timeoutMs: 5 })]).timeoutMs(stepWith({ timeoutMs: 5 }), at(0, 1))).toBe(5);
});

it('a later attempt has an id of its own', () => {
  const step = stepWith({});
  const plan = planOf([step]);
  expect(plan.callAt(step, { step: 0, attempt: 1, delayMs: 0 }, true)).toBe(step.call);
  expect(plan.callAt(step, { step: 0, attempt: 2, delayMs: 0 }, false)).toMatchObject({ id: 'b', attempt: 2 });
});
