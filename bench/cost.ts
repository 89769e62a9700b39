/**
 * Cost events per second of one core (decode a request event with its bodies, read usage, price, encode), and how long
 * one stream of a megabyte holds the worker up.
 */
import { deriveCost } from '@weir/cost';
import { createCodec, type RequestEvent } from '@weir/events';
import { embeddedPriceBook } from '@weir/pricing';
import { benchRequests } from './support/bench-requests.ts';
import { longStreams } from './support/long-streams.ts';
import { recordedRequests } from './support/recorded-requests.ts';
import { median, percentile, printTable } from './support/report.ts';

const ROUNDS = 5;
const EVENTS = 20_000;
const STREAMS = 300;

const requests = createCodec('request');
const costs = createCodec('cost');
const book = embeddedPriceBook();

/** Bytes of the row. */
function derive(record: Buffer, offset: number): number {
  const cost = deriveCost(requests.decodeInPlace(record), { partition: 0, offset }, book);
  return costs.encodeReused(cost).length;
}

function measureRate(name: string, events: readonly RequestEvent[]): Record<string, string> {
  const records = events.map((event) => Buffer.from(requests.encode(event)));
  const rates: number[] = [];
  const cpuRates: number[] = [];
  let bytes = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let index = 0; index < EVENTS; index += 1) bytes = derive(records[index % records.length] as Buffer, index);
    // The first round warms up.
    if (round === 0) continue;
    rates.push((EVENTS / (performance.now() - startedAt)) * 1_000);
    // Time that other processes took from this one does not count here; time of its own helper threads does.
    const { user, system } = process.cpuUsage(cpuBefore);
    cpuRates.push((EVENTS / (user + system)) * 1_000_000);
  }
  const rate = median(rates);
  return {
    body: name,
    'event bytes, median': String(median(records.map((record) => record.length))),
    'row bytes': String(bytes),
    'events/s/core': Math.round(rate).toLocaleString('en'),
    'events/CPU s': Math.round(median(cpuRates)).toLocaleString('en'),
    'µs each': (1e6 / rate).toFixed(1),
  };
}

function measureDelay(name: string, event: RequestEvent): Record<string, string> {
  const record = Buffer.from(requests.encode(event));
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let index = 0; index < STREAMS + 20; index += 1) {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    derive(record, index);
    const { user, system } = process.cpuUsage(cpuBefore);
    if (index < 20) continue;
    wall.push(performance.now() - startedAt);
    cpu.push((user + system) / 1_000);
  }
  const ms = (values: readonly number[], share: number): string => percentile(values, share).toFixed(1);
  return {
    stream: name,
    bytes: record.length.toLocaleString('en'),
    'p50 ms': ms(wall, 0.5),
    'p99 ms': ms(wall, 0.99),
    'p50 CPU ms': ms(cpu, 0.5),
    'p99 CPU ms': ms(cpu, 0.99),
  };
}

const rows = Object.entries(benchRequests()).map(([name, event]) => measureRate(name, [event]));
const recorded = recordedRequests();
if (recorded.length > 0) rows.push(measureRate(`${recorded.length} recorded bodies, in turn`, recorded));
printTable('cost', rows);
printTable(
  'one stream of a megabyte',
  Object.entries(longStreams()).map(([name, event]) => measureDelay(name, event)),
);
