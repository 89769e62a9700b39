import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SessionStep, stepSession, thinSessions } from './session-process.ts';

const shapes = fc.record({
  continuation: fc.double({ min: 0.1, max: 0.95, noNaN: true }),
  gapMs: fc.double({ min: 1_000, max: 120_000, noNaN: true }),
});
const step: SessionStep = { intensity: 0, continued: 0, pending: 0 };

describe('sessions as a self-exciting process with at most one child', () => {
  it('explains a call right after another by the session, and one after a long time by a new session', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        stepSession(shape.continuation, 1, 1e-9, shape, step);
        expect(step.continued).toBeGreaterThan(0.99);
        stepSession(shape.continuation, 200 * shape.gapMs, 1e-5, shape, step);
        expect(step.continued).toBeLessThan(0.01);
      }),
    );
  });

  it('keeps two running sessions apart: a call of one leaves the other its own', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        stepSession(2 * shape.continuation, 1, 1e-12, shape, step);
        expect(step.pending).toBeCloseTo(2 * shape.continuation, 2);
      }),
    );
  });

  it('expects a child with the probability of the shape after a first call', () => {
    stepSession(0, 0, 1e-6, { continuation: 0.6, gapMs: 25_000 }, step);
    expect(step).toMatchObject({ continued: 0, pending: 0.6, intensity: 1e-6 });
  });
});

describe('thinned sessions', () => {
  it('lose nothing when every call gets through', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const thinned = thinSessions(shape, 1);
        expect(thinned.startShare).toBeCloseTo(1, 10);
        expect(thinned.lostChildren).toBeCloseTo(0, 10);
        expect(thinned.gapSlope).toBeCloseTo(0, 10);
      }),
    );
  });

  it('agree with sessions of which each call is lost by a coin', () => {
    const shape = { continuation: 0.8, gapMs: 20_000 };
    const share = 0.25;
    let random = 12_345;
    const coin = (probability: number): boolean => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) / 2 ** 24 < probability;
    };
    const sessions = 200_000;
    let seenSessions = 0;
    let seenCalls = 0;
    for (let at = 0; at < sessions; at += 1) {
      let seen = coin(share) ? 1 : 0;
      while (coin(shape.continuation)) seen += coin(share) ? 1 : 0;
      seenCalls += seen;
      if (seen > 0) seenSessions += 1;
    }
    const thinned = thinSessions(shape, share);
    expect(seenSessions / sessions).toBeCloseTo(thinned.startShare, 2);
    // Children a seen call has: all seen calls but the first of each session.
    expect((seenCalls - seenSessions) / seenCalls).toBeCloseTo(shape.continuation - thinned.lostChildren, 2);
  });
});
