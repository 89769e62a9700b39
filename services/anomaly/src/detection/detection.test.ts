import { createCodec } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { costTraffic } from '../testing/cost-traffic.ts';
import { requestIdOf } from '../testing/cost-writer.ts';
import { anomalyEventOf } from './anomaly-event.ts';
import { type AnomalyLogRecord, decodeAnomalyLogRecord, encodeSightings, encodeTick } from './anomaly-log-codec.ts';
import { type DetectedAlert, Detection } from './detection.ts';
import { type Sighting, sightingOf } from './sighting.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday. */
const START = Date.UTC(2026, 0, 5);
const END = START + 9 * DAY;
const LOOP = { user: 'u-3', from: END - 20 * 60_000, aMinute: 40 };
const OPTIONS = { lateMs: 10_000, tenantClock: () => 0 };
const PARTITIONS = 2;

interface Stamped {
  readonly record: AnomalyLogRecord;
  readonly at: number;
}

const sightings = (traffic: Parameters<typeof costTraffic>[0]): Sighting[] =>
  costTraffic(traffic).map((facts, at) => {
    const event = { ...GOLDEN_EVENTS.cost, ...facts, request_id: requestIdOf(0, at), service_tier: 'default' };
    const sighting = sightingOf(event, at);
    if (sighting === undefined) throw new Error('no sighting');
    return sighting;
  });

/** Log records as both partitions write them: five minutes each, the order between them as it may be. */
function recordsOf(all: readonly Sighting[], stepMs = 5 * 60_000): Stamped[] {
  const records: Stamped[] = [];
  const encoded = (value: Buffer, at: number): void => void records.push({ record: decodeAnomalyLogRecord(value), at });
  const first = all[0]?.ts ?? 0;
  const last = all.at(-1)?.ts ?? 0;
  let next = 0;
  for (let from = first; from <= last; from += stepMs) {
    const batch: Sighting[] = [];
    for (; next < all.length && (all[next]?.ts ?? 0) < from + stepMs; next += 1) batch.push(all[next] as Sighting);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const own = batch.filter(({ offset }) => offset % PARTITIONS === partition);
      const place = { partition, partitions: PARTITIONS };
      encoded(own.length > 0 ? encodeSightings(place, own) : encodeTick(place, from + stepMs), from + stepMs);
    }
  }
  return records;
}

function alertsOf(records: readonly Stamped[], restartAt: ReadonlySet<number> = new Set()): DetectedAlert[] {
  let detection = new Detection(OPTIONS);
  const alerts: DetectedAlert[] = [];
  for (const [index, { record, at }] of records.entries()) {
    detection.take(record, at);
    alerts.push(...detection.takeAlerts());
    if (!restartAt.has(index)) continue;
    const saved = detection.save();
    detection = new Detection(OPTIONS);
    detection.load(saved);
  }
  return alerts;
}

const bytes = (alerts: readonly DetectedAlert[]): string[] => {
  const codec = createCodec('cost-anomaly');
  return alerts.map((alert) => codec.encode(anomalyEventOf(alert)).toString('hex'));
};

describe('I3 detection as a function of its log', () => {
  let looping: Stamped[];
  let expected: DetectedAlert[];
  beforeAll(() => {
    looping = recordsOf(sightings({ from: START, to: END, loop: LOOP }));
    expected = alertsOf(looping);
  });

  it('finds the loop, names its user, splits the spend to the last digit, and names requests of the loop', () => {
    const [event] = expected.map(anomalyEventOf);
    expect(expected).toHaveLength(1);
    expect(event).toMatchObject({
      kind: 'runaway_loop',
      status: 'open',
      version: 1,
      severity: 'critical',
      driver: 'requests',
      direction: 'up',
      account: 'acme',
      gateway: 'default',
      scope: { account: 'acme', env: 'production', feature: 'chat', user_id: 'u-3' },
      attributed: [{ share: 1 }],
    });
    expect(event?.attributed[0]?.scope).toMatchObject({ user_id: 'u-3', feature: 'chat' });
    const parts = event?.causes.reduce((sum, { delta_usd }) => sum + delta_usd, 0n);
    expect(parts).toBe((event?.spend_now_usd ?? 0n) - (event?.spend_usual_usd ?? 0n));
    expect(event?.causes.find(({ kind }) => kind === 'requests')).toMatchObject({ dimension: 'user_id', value: 'u-3' });
    const ids = new Set(
      sightings({ from: START, to: END, loop: LOOP })
        .filter(({ ts, feature }) => ts >= LOOP.from - 60_000 && feature === 'chat')
        .map(({ requestId }) => requestId),
    );
    expect(event?.sample_request_ids.length).toBeGreaterThan(0);
    for (const id of event?.sample_request_ids ?? []) expect(ids).toContain(id);
  });

  it('publishes the same bytes when it is stopped and restored anywhere', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(looping.length - 1), { maxLength: 4 }), (places) => {
        expect(bytes(alertsOf(looping, new Set([...places, looping.length - 3])))).toEqual(bytes(expected));
      }),
      { numRuns: 4 },
    );
  });

  it('does not count what is written again', () => {
    const twice = looping.flatMap((stamped, index) => (index % 7 === 0 ? [stamped, stamped] : [stamped]));
    expect(bytes(alertsOf(twice))).toEqual(bytes(expected));
  });

  it('learns from the past what is normal, tells none of it but what goes on, and knows it when it comes again', () => {
    const all = sightings({ from: START, to: END, loop: LOOP });
    const detection = new Detection(OPTIONS);
    const past = all.filter(({ ts }) => ts < LOOP.from);
    for (const sighting of past) detection.learn(sighting);
    const marks = new Map([0, 1].map((partition) => [partition, past.length - 1]));
    detection.endLearning(marks);
    expect(detection.takeAlerts()).toEqual([]);
    for (const { record, at } of looping) detection.take(record, at);
    const found = detection.takeAlerts();
    expect(found.map(({ alert }) => alert.id)).toEqual(expected.map(({ alert }) => alert.id));
  });
});

describe('silence', () => {
  const quiet = sightings({ from: START, to: END });
  const place = { partition: 0, partitions: 1 };
  const ticks = (from: number, to: number): Stamped[] =>
    Array.from({ length: Math.floor((to - from) / 30_000) }, (_, index) => {
      const at = from + (index + 1) * 30_000;
      return { record: { kind: 'tick', now: at, ...place }, at };
    });
  const records: Stamped[] = quiet
    .map((sighting) => ({ sighting, at: Math.ceil(sighting.ts / 60_000) * 60_000 }))
    .map(({ sighting, at }) => ({ record: { kind: 'sightings', sightings: [sighting], ...place }, at }));

  it('is an outage while somebody watches, and is over when calls come again', () => {
    const later = sightings({ from: END + HOUR, to: END + 3 * HOUR }).map((sighting, index) => ({
      ...sighting,
      offset: quiet.length + index,
    }));
    const back: Stamped[] = later.map((sighting) => ({
      record: { kind: 'sightings', sightings: [sighting], ...place },
      at: sighting.ts,
    }));
    const found = alertsOf([...records, ...ticks(END, END + HOUR), ...back]);
    const states = found.map(({ alert }) => [alert.kind, alert.state, ...Object.keys(alert.dims)].join(' ')).sort();
    // Both streams of the tenant fell silent: one outage.
    expect(states).toEqual(['outage open tenant', 'outage resolved tenant']);
    for (const event of found.map(anomalyEventOf)) {
      expect(event.direction).toBe('down');
      expect(event.version).toBe(event.status === 'open' ? 1 : 2);
      expect(event.started_at).toBeLessThan(END + 5 * 60_000);
      expect(event.ended_at === null).toBe(event.status === 'open');
    }
  });

  it('is none while Weir was off: nobody knows what there was', () => {
    const off = 8 * HOUR;
    const found = alertsOf([...records, ...ticks(END + off, END + off + 60_000)]);
    expect(found).toEqual([]);
  });

  it('is none while a partition is read by nobody', () => {
    const unread = { ...place, partitions: 2 };
    const watched: Stamped[] = records.map(
      ({ record, at }) => ({ record: { ...record, partitions: 2 }, at }) as Stamped,
    );
    const other: Stamped = { record: { kind: 'tick', now: END, ...unread, partition: 1 }, at: START };
    const own: Stamped[] = ticks(END, END + HOUR).map(({ record, at }) => ({
      record: { ...record, ...unread } as AnomalyLogRecord,
      at,
    }));
    expect(alertsOf([other, ...watched, ...own])).toEqual([]);
  });
});
