import { parseDecimal, picoFromText } from '@weir/kernel';
import { describe, expect, it } from 'vitest';
import type { AnomalyAlert } from './alerts/alert-book.ts';
import { AnomalyDetector } from './anomaly-detector.ts';
import { EventOrder } from './order-events.ts';
import type { EventIds, PricedEvent } from './priced-event.ts';
import { type Call, DAY_MS, TRAFFIC_START, type Traffic, trafficOf } from './testing/traffic.ts';

const MINUTE_MS = 60_000;
const CHANGE = TRAFFIC_START + 8.5 * DAY_MS;
const isLate = ({ ts }: { ts: number }): boolean => ts >= CHANGE;

function run(ids: EventIds, events: readonly PricedEvent[]): AnomalyAlert[] {
  const alerts: AnomalyAlert[] = [];
  const detector = new AnomalyDetector({ ids, onAlert: (alert) => alerts.push(alert) });
  for (const event of events) detector.observe(event);
  return alerts;
}

const told = (traffic: Omit<Traffic, 'days'>): AnomalyAlert[] => {
  const { ids, events } = trafficOf({ days: 9, ...traffic });
  return run(ids, events).filter(({ state, ts }) => state !== 'resolved' && ts >= CHANGE);
};
const loud = (alerts: readonly AnomalyAlert[]): AnomalyAlert[] => alerts.filter(({ severity }) => severity !== 'info');

const DEAR = [15_000_000, 1_500_000, 75_000_000] as const;
const SCENARIOS: readonly (readonly [kind: string, cause: object, minutes: number, traffic: Omit<Traffic, 'days'>])[] =
  [
    [
      'runaway_loop',
      { tenant: 'acme', env: 'prod', feature: 'chat', user: 'u-20' },
      3,
      { extra: (ts) => (ts >= CHANGE ? Array.from({ length: 20 }, () => ({ user: 'u-20' })) : []) },
    ],
    [
      'key_leak',
      { tenant: 'acme', key: 'k-1', user: 'stranger' },
      3,
      {
        extra: (ts) =>
          ts >= CHANGE
            ? Array.from({ length: 6 }, () => ({ user: 'stranger', prompt: 'none', rates: DEAR, model: 'claude-opus' }))
            : [],
      },
    ],
    [
      'prompt_change',
      { tenant: 'acme', env: 'prod', feature: 'chat', prompt: 'p-new' },
      60,
      {
        change: (call) =>
          isLate(call) && call.feature === 'chat' ? [{ ...call, prompt: 'p-new', input: call.input * 2 }] : [call],
      },
    ],
    [
      'model_swap',
      { tenant: 'acme', env: 'prod', feature: 'search', model: 'claude-opus' },
      10,
      {
        change: (call) =>
          isLate(call) && call.feature === 'search' ? [{ ...call, model: 'claude-opus', rates: DEAR }] : [call],
      },
    ],
    [
      'price_change',
      { provider: 'openai', model: 'gpt-4o' },
      2,
      { change: (call) => (isLate(call) ? [{ ...call, rates: [3_000_000, 1_500_000, 12_000_000] }] : [call]) },
    ],
    [
      'retry_storm',
      { tenant: 'acme', provider: 'openai' },
      15,
      {
        change: (call) =>
          isLate(call)
            ? [
                { ...call, status: 504 },
                { ...call, ts: call.ts + 900, attempt: 2 },
                { ...call, ts: call.ts + 1_900, attempt: 3 },
              ]
            : [call],
      },
    ],
    [
      'cache_collapse',
      { tenant: 'acme', env: 'prod', feature: 'chat' },
      60,
      { change: (call) => (isLate(call) && call.feature === 'chat' ? [{ ...call, cached: 0 }] : [call]) },
    ],
    [
      'outage',
      { tenant: 'acme', env: 'prod', feature: 'chat' },
      30,
      { change: (call) => (isLate(call) && call.feature === 'chat' ? [] : [call]) },
    ],
    [
      'outage',
      { tenant: 'acme', env: 'prod', feature: 'chat' },
      150,
      {
        change: (call) => (isLate(call) && call.feature === 'chat' && Math.floor(call.ts) % 5 !== 0 ? [] : [call]),
      },
    ],
    [
      'prompt_change',
      { tenant: 'acme', env: 'prod', feature: 'chat', prompt: 'p-long' },
      60,
      {
        change: (call) =>
          isLate(call) && call.feature === 'chat' ? [{ ...call, prompt: 'p-long', output: call.output * 3 }] : [call],
      },
    ],
    [
      'token_shift',
      { tenant: 'acme', env: 'prod', feature: 'chat' },
      60,
      {
        change: (call) => (isLate(call) && call.feature === 'chat' ? [{ ...call, output: call.output * 3 }] : [call]),
      },
    ],
    [
      'unpriced_model',
      { provider: 'openai', model: 'gpt-4o' },
      2,
      { change: (call) => [{ ...call, unpriced: isLate(call) }] },
    ],
  ];

describe('what the detector says', () => {
  it.each(SCENARIOS)('names a %s, its cause, and nothing else', (kind, cause, minutes, traffic) => {
    const alerts = loud(told(traffic));
    const first = alerts[0];
    expect(first).toMatchObject({ kind, attributed: [{ dims: cause }] });
    expect((first?.ts ?? 0) - CHANGE).toBeLessThan(minutes * MINUTE_MS);
    expect(new Set(alerts.map((alert) => alert.kind))).toEqual(new Set([kind]));
  });

  it('tells of answers that became longer as output tokens, and of the prompt that did it', () => {
    const longer = told({
      change: (call) =>
        isLate(call) && call.feature === 'chat' ? [{ ...call, prompt: 'p-long', output: call.output * 3 }] : [call],
    });
    expect(loud(longer)[0]).toMatchObject({ driver: 'output_tokens', metric: 'output_tokens_per_request' });
  });

  it('names a slow drift, and nothing else', () => {
    const start = TRAFFIC_START + 9 * DAY_MS;
    const drifted = (call: Call): Call => ({
      ...call,
      input: Math.round(call.input * 1.04 ** Math.max(0, (call.ts - start) / DAY_MS)),
      cached: 0,
    });
    const { ids, events } = trafficOf({
      days: 18,
      change: (call) => [call.feature === 'chat' ? drifted(call) : call],
    });
    const alerts = loud(run(ids, events)).filter(({ state }) => state !== 'resolved');
    expect(alerts[0]).toMatchObject({
      kind: 'slow_drift',
      driver: 'input_tokens',
      attributed: [{ dims: { tenant: 'acme', env: 'prod', feature: 'chat' } }],
    });
    expect(new Set(alerts.map(({ kind }) => kind))).toEqual(new Set(['slow_drift']));
  });

  it('tells an outage of a whole tenant once, as one of the tenant', () => {
    const { ids, events } = trafficOf({ days: 9, change: (call) => (isLate(call) ? [] : [call]) });
    const all: AnomalyAlert[] = [];
    const detector = new AnomalyDetector({ ids, onAlert: (alert) => all.push(alert) });
    for (const event of events) detector.observe(event);
    detector.advance(CHANGE + 60 * MINUTE_MS);
    const alerts = loud(all).filter(({ ts }) => ts >= CHANGE);
    expect(alerts.map(({ kind, dims }) => ({ kind, dims }))).toEqual([{ kind: 'outage', dims: { tenant: 'acme' } }]);
  });

  it('says nothing in nine quiet days', () => {
    const { ids, events } = trafficOf({ days: 9 });
    expect(loud(run(ids, events))).toEqual([]);
  });

  it('announces a launch and a surge as info, never as more', () => {
    const launch = told({ extra: (ts) => (ts >= CHANGE ? [{ feature: 'launch', prompt: 'p-launch' }] : []) });
    expect(launch).toContainEqual(expect.objectContaining({ kind: 'new_feature', severity: 'info' }));
    expect(loud(launch)).toEqual([]);
    // Twins with sizes and cache hits of their own.
    const twin = (call: Call): Call => {
      const input = 1_000 + (call.ts % 4_000);
      const cached = call.ts % 5 < 3 ? Math.floor(input / 2) : 0;
      return { ...call, ts: call.ts + 7_000, user: `u-${call.ts % 30}`, input, cached };
    };
    const twice = (call: Call): Call[] => (isLate(call) ? [call, twin(call)] : [call]);
    const surge = told({ change: twice });
    expect(surge).toContainEqual(expect.objectContaining({ kind: 'traffic_surge', severity: 'info' }));
    expect(loud(surge)).toEqual([]);
  });

  it('is not alarmed by one giant request, nor by a new key or a prompt that takes what the old one took', () => {
    const giant = told({ extra: (ts) => (ts === CHANGE ? [{ input: 200_000, cached: 0 }] : []) });
    const renamed = told({
      change: (call) => [isLate(call) ? { ...call, prompt: `${call.prompt}-2`, key: 'k-2' } : call],
    });
    expect(loud([...giant, ...renamed])).toEqual([]);
  });

  it('I4 explains the change of spend to the last digit, with sample ids and a sentence', () => {
    const alerts = told(SCENARIOS[2]?.[3] ?? {}).filter(({ kind }) => kind === 'prompt_change');
    for (const { spend, sample_ids, message } of alerts) {
      if (spend === null) throw new Error('no spend');
      const sum = spend.parts.reduce((total, part) => total + picoFromText(part.delta_usd), 0n);
      expect(sum).toBe(picoFromText(spend.now_usd) - picoFromText(spend.usual_usd));
      expect(parseDecimal(spend.now_usd).numerator).toBeGreaterThan(0n);
      expect(sample_ids.length).toBeGreaterThan(0);
      expect(message).toContain('prompt=p-new');
    }
    expect(alerts.length).toBeGreaterThan(0);
  });
});

describe('I3 the same alerts', () => {
  const everything: Traffic = {
    days: 9,
    change: (call) =>
      isLate(call) && call.feature === 'chat' ? [{ ...call, prompt: 'p-new', input: call.input * 2 }] : [call],
    extra: (ts) => (ts >= CHANGE ? Array.from({ length: 15 }, () => ({ feature: 'search', user: 'u-20' })) : []),
  };

  it('come from a detector that is stopped and restored anywhere as from one that is not', () => {
    const { ids, events } = trafficOf(everything);
    const expected = run(ids, events);
    expect(loud(expected).length).toBeGreaterThan(1);
    for (const cuts of [
      [0.03, 0.5],
      [0.94, 0.945, 0.95],
      [0.9451, 0.99],
    ]) {
      const alerts: AnomalyAlert[] = [];
      const onAlert = (alert: AnomalyAlert): void => void alerts.push(alert);
      let detector = new AnomalyDetector({ ids, onAlert });
      const at = new Set(cuts.map((cut) => Math.floor(cut * events.length)));
      for (const [index, event] of events.entries()) {
        if (at.has(index)) {
          const saved = structuredClone(detector.save());
          detector = new AnomalyDetector({ ids, onAlert });
          detector.load(saved);
        }
        detector.observe(event);
      }
      expect(alerts).toEqual(expected);
    }
  });

  it('come from events in any order within the lateness that is allowed; later ones are counted, not lost', () => {
    const { ids, events } = trafficOf(everything);
    const expected = run(ids, events);
    const latenessMs = 2 * MINUTE_MS;
    let turn = 1;
    const shuffled = events
      .map((event) => {
        turn = (Math.imul(turn, 1_103_515_245) + 12_345) >>> 0;
        return { event, at: event.ts + ((turn >>> 8) % latenessMs) };
      })
      .sort((a, b) => a.at - b.at)
      .map(({ event }) => event);
    expect(shuffled).not.toEqual(events);
    const alerts: AnomalyAlert[] = [];
    const detector = new AnomalyDetector({ ids, onAlert: (alert) => alerts.push(alert) });
    const order = new EventOrder({ latenessMs, waitingMax: 100_000, deliver: (event) => detector.observe(event) });
    for (const event of shuffled) order.push(event);
    order.flush();
    expect(order.late).toBe(0);
    expect(alerts).toEqual(expected);

    const seen: number[] = [];
    const strict = new EventOrder({ latenessMs: 1_000, waitingMax: 10, deliver: ({ ts }) => seen.push(ts) });
    for (const event of shuffled) strict.push(event);
    strict.flush();
    expect(strict.late).toBeGreaterThan(0);
    expect(seen).toHaveLength(events.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});
