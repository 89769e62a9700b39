import type { Assignment, LogRecord } from '@weir/event-log';
import { openMemoryLog } from '@weir/event-log/drivers/memory';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { errorCode } from '@weir/kernel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { costTraffic } from '../testing/cost-traffic.ts';
import { requestIdOf } from '../testing/cost-writer.ts';
import { ANOMALY_LOG_TOPIC, encodeTick } from './anomaly-log-codec.ts';
import { Detection } from './detection.ts';
import { placeToMetadata, type Restored, restoreDetection, stateBytes, writeSnapshot } from './detection-snapshot.ts';
import { sightingOf } from './sighting.ts';

const OPTIONS = { lateMs: 5_000, tenantClock: () => 0 };
const FROM = Date.UTC(2026, 0, 5);

let log: ReturnType<typeof openMemoryLog>;
beforeEach(async () => {
  log = openMemoryLog();
  await log.ensureTopics([{ name: ANOMALY_LOG_TOPIC, partitions: 1 }]);
});
afterEach(() => log.close());

function filled(): Detection {
  const detection = new Detection(OPTIONS);
  for (const [at, facts] of costTraffic({ from: FROM, to: FROM + 6 * 3_600_000 }).entries()) {
    const sighting = sightingOf({ ...GOLDEN_EVENTS.cost, ...facts, request_id: requestIdOf(0, at) }, at);
    if (sighting === undefined) throw new Error('no sighting');
    detection.take({ kind: 'sightings', sightings: [sighting], partition: 0, partitions: 1 }, facts.ts);
  }
  return detection;
}

/** Writes a snapshot, commits where it lies, and restores it under another assignment. */
async function roundTrip(detection: Detection, spoil: (record: LogRecord) => LogRecord): Promise<Restored> {
  const append = (records: readonly LogRecord[]) => log.append(ANOMALY_LOG_TOPIC, records.map(spoil));
  const place = await writeSnapshot(stateBytes(filled()), { id: 's', through: 0 }, append);
  await log.append(ANOMALY_LOG_TOPIC, [
    { key: 't', value: encodeTick({ partition: 0, partitions: 1 }, 1), partition: 0 },
  ]);
  const { promise, resolve, reject } = Promise.withResolvers<Restored>();
  const once = async (assignment: Assignment): Promise<void> => {
    if (assignment.committed === null) await assignment.commit(0, placeToMetadata(place));
    else await restoreDetection(detection, assignment).then(resolve, reject);
  };
  const subscription = await log.subscribe({ group: 'g', topics: [ANOMALY_LOG_TOPIC], onAssigned: once });
  return promise.finally(() => subscription.stop());
}

it('I3 a snapshot gives the state back', async () => {
  const detection = new Detection(OPTIONS);
  expect(await roundTrip(detection, (record) => record)).toBe('restored');
  expect(detection.save()).toEqual(filled().save());
});

const changed =
  (change: (part: Record<string, unknown>) => object) =>
  (record: LogRecord): LogRecord => {
    const part = JSON.parse(Buffer.from(record.value).toString('utf8'));
    return { ...record, value: Buffer.from(JSON.stringify({ ...part, ...change(part) })) };
  };

it('one of another version is no state of this one, and a damaged one is no state at all', async () => {
  expect(
    await roundTrip(
      new Detection(OPTIONS),
      changed(() => ({ state: 1 })),
    ),
  ).toBe('unusable');
  const damaged = changed(({ data }) => ({ data: `AAAA${String(data).slice(4)}` }));
  const failed = await roundTrip(new Detection(OPTIONS), damaged).catch(errorCode);
  expect(failed).toBe('ANOMALY_SNAPSHOT_LOST');
});
