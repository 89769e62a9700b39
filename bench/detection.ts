/**
 * How many calls a second both stages of running detection take, on one core: from the records of weir.costs to those of
 * weir.anomaly-log, and from these through the detector; and what a snapshot takes.
 * node bench/detection.ts [--days 30]
 */
import { parseArgs } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import { createCodec } from '@weir/events';
import { decodeAnomalyLogRecord, encodeSightings } from '../services/anomaly/src/detection/anomaly-log-codec.ts';
import { Detection } from '../services/anomaly/src/detection/detection.ts';
import { stateBytes } from '../services/anomaly/src/detection/detection-snapshot.ts';
import { type Sighting, sightingOf } from '../services/anomaly/src/detection/sighting.ts';
import { costTraffic } from '../services/anomaly/src/testing/cost-traffic.ts';
import { costRecord } from '../services/anomaly/src/testing/cost-writer.ts';

const DAY = 86_400_000;
const BATCH = 250;
const { values } = parseArgs({ options: { days: { type: 'string', default: '30' } } });
const from = Date.UTC(2026, 0, 5);
const traffic = costTraffic({ from, to: from + Number(values.days) * DAY });
const records = traffic.map((facts, at) => costRecord(0, { ...facts, source_offset: at }).value);

const seconds = (work: () => void): number => {
  const { user: before } = process.cpuUsage();
  work();
  return (process.cpuUsage().user - before) / 1e6;
};
const report = (what: string, spent: number): void => {
  process.stdout.write(`${what}: ${Math.round(records.length / spent).toLocaleString('en-US')} calls/s\n`);
};

const codec = createCodec('cost');
const place = { partition: 0, partitions: 1 };
const log: Buffer[] = [];
report(
  'weir.costs to weir.anomaly-log',
  seconds(() => {
    let batch: Sighting[] = [];
    for (const [at, value] of records.entries()) {
      const sighting = sightingOf(codec.decodeInPlace(value), at);
      if (sighting !== undefined) batch.push(sighting);
      if (batch.length < BATCH) continue;
      log.push(encodeSightings(place, batch));
      batch = [];
    }
  }),
);
const detection = new Detection({ lateMs: 10_000, tenantClock: () => 0 });
report(
  'weir.anomaly-log through the detector',
  seconds(() => {
    for (const value of log) {
      const record = decodeAnomalyLogRecord(value);
      if (record.kind !== 'snapshot') detection.take(record, 0);
    }
  }),
);
let state: Buffer = Buffer.alloc(0);
const spent = seconds(() => {
  state = stateBytes(detection);
});
const bytes = log.reduce((sum, value) => sum + value.length, 0);
process.stdout.write(
  `${records.length} calls, ${Math.round(bytes / records.length)} bytes each in the log; a snapshot: ${(state.length / 1e6).toFixed(2)} MB, ` +
    `${(zstdCompressSync(state).length / 1e6).toFixed(2)} MB compressed, ${Math.round(spent * 1e3)} ms\n`,
);
