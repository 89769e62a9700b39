import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnomalyAlert } from './alerts/alert-book.ts';
import { AnomalyDetector } from './anomaly-detector.ts';
import { EventIds, newEvent, type PricedEvent } from './priced-event.ts';
import { type Call, DAY_MS, TRAFFIC_START, trafficOf } from './testing/traffic.ts';

const LIMITS = { usersOfStreams: 400, streams: 40 };
const CHANGE = TRAFFIC_START + 8.5 * DAY_MS;

/** Usual traffic of a tenant, and in a cheap feature of it call after call of users who never come back. */
const flooded = (more: (ts: number) => readonly Partial<Call>[] = () => []): ReturnType<typeof trafficOf> => {
  let turn = 0;
  return trafficOf({
    days: 9,
    extra: (ts) => [
      ...Array.from({ length: 2 }, () => ({
        feature: 'bulk',
        user: `once-${turn++}`,
        input: 10,
        cached: 0,
        output: 1,
      })),
      ...more(ts),
    ],
  });
};

const heavy = flooded((ts) =>
  ts >= CHANGE ? Array.from({ length: 12 }, () => ({ feature: 'search', user: 'u-20' })) : [],
);

function run(ids: EventIds, events: readonly PricedEvent[], limits?: typeof LIMITS): AnomalyAlert[] {
  const alerts: AnomalyAlert[] = [];
  const onAlert = (alert: AnomalyAlert): void => void alerts.push(alert);
  const detector = new AnomalyDetector({ ids, onAlert, ...(limits === undefined ? {} : { limits }) });
  for (const event of events) detector.observe(event);
  return alerts;
}

describe('I7 the state of the detector is bounded', () => {
  it('whatever comes: users, streams, prompts, models and features that are never seen twice', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.subarray(['user', 'feature', 'prompt', 'model', 'tenant'] as const, { minLength: 1 }),
        (seed, names) => {
          const ids = new EventIds({ waitingMax: 1_000 });
          const detector = new AnomalyDetector({ ids, onAlert: () => undefined, limits: LIMITS });
          const event = { ...newEvent(), env: ids.env.idOf('prod'), input: 100, output: 10, cost: 1e6 };
          for (const name of ['tenant', 'feature', 'user', 'provider', 'model', 'prompt', 'key'] as const)
            event[name] = ids[name].idOf('one');
          let most = 0;
          let keys = 0;
          for (let id = 1; id <= 10_000; id += 1) {
            event.ts = TRAFFIC_START + id * 500;
            event.id = id;
            for (const name of names) event[name] = ids[name].idOf(`${seed}-${name}-${id}`);
            detector.observe(event);
            keys = Math.max(keys, detector.keys);
            if (id === 5_000) most = detector.bytes;
          }
          expect(keys).toBeLessThanOrEqual(LIMITS.usersOfStreams);
          expect(detector.bytes).toBeLessThan(Math.max(1.5 * most, 3_000_000));
          if (!names.includes('tenant') && !names.includes('feature')) expect(ids.user.size).toBeLessThan(2_500);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('three hundred thousand users who come once leave it as large as the first thousands did', () => {
    const ids = new EventIds({ waitingMax: 5_000 });
    const detector = new AnomalyDetector({ ids, onAlert: () => undefined, limits: { usersOfStreams: 20_000 } });
    const event = { ...newEvent(), input: 100, output: 10, cost: 1e6 };
    for (const name of ['tenant', 'env', 'feature', 'provider', 'model', 'prompt', 'key'] as const)
      event[name] = ids[name].idOf('one');
    let early = 0;
    for (let id = 1; id <= 300_000; id += 1) {
      event.ts = TRAFFIC_START + id * 20;
      event.id = id;
      event.user = ids.user.idOf(`u-${id}`);
      detector.observe(event);
      if (id === 60_000) early = detector.bytes + ids.bytes;
    }
    expect(detector.evicted).toBeGreaterThan(250_000);
    expect(detector.bytes + ids.bytes).toBeLessThan(1.2 * early);
  });

  it('alerts about those who spend are those of a detector that forgets nobody', () => {
    const told = (limits?: typeof LIMITS): unknown =>
      run(heavy.ids, heavy.events, limits).filter(({ severity }) => severity !== 'info');
    const expected = told();
    expect(expected).toContainEqual(expect.objectContaining({ kind: 'runaway_loop' }));
    expect(told(LIMITS)).toEqual(expected);
  });

  it('whoever was forgotten and comes back in a loop is noticed', () => {
    const { ids, events } = flooded((ts) =>
      ts >= CHANGE || ts < TRAFFIC_START + 60_000
        ? Array.from({ length: ts >= CHANGE ? 20 : 1 }, () => ({ user: 'back' }))
        : [],
    );
    const loud = run(ids, events, LIMITS).filter(({ severity, ts }) => severity !== 'info' && ts >= CHANGE);
    expect(loud[0]).toMatchObject({ kind: 'runaway_loop', dims: { user: 'back' } });
    expect((loud[0]?.ts ?? 0) - CHANGE).toBeLessThan(3 * 60_000);
  });

  it('whoever was forgotten is no stranger', () => {
    const minute = (ts: number): number => Math.floor((ts - TRAFFIC_START) / 60_000);
    const called = (user: string): AnomalyAlert[] => {
      const { ids, events } = trafficOf({
        days: 9,
        extra: (ts) => {
          if (ts > CHANGE) return [{ user: 'back', prompt: 'other' }];
          if (minute(ts) < 3) return [{ user }];
          return minute(ts) > 600 && minute(ts) < 640 ? [{ user: `once-${minute(ts)}` }] : [];
        },
      });
      return run(ids, events, { ...LIMITS, usersOfStreams: 64 }).filter(({ kind }) => kind === 'key_leak');
    };
    expect(called('someone')).not.toEqual([]);
    expect(called('back')).toEqual([]);
  });
});

describe('I3 the same alerts with little room', () => {
  it('come from a detector that is stopped and restored anywhere', () => {
    const expected = run(heavy.ids, heavy.events, LIMITS);
    expect(expected.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }), (cuts) => {
        const alerts: AnomalyAlert[] = [];
        const onAlert = (alert: AnomalyAlert): void => void alerts.push(alert);
        const at = new Set(cuts.map((cut) => Math.floor(cut * heavy.events.length)));
        let detector = new AnomalyDetector({ ids: heavy.ids, onAlert, limits: LIMITS });
        for (const [index, event] of heavy.events.entries()) {
          if (at.has(index)) {
            const saved = structuredClone(detector.save());
            detector = new AnomalyDetector({ ids: heavy.ids, onAlert, limits: LIMITS });
            detector.load(saved);
          }
          detector.observe(event);
        }
        expect(alerts).toEqual(expected);
      }),
      { numRuns: 4 },
    );
  });
});
