/** Cost events per second of one core: decode a request event with its bodies, read usage, price, encode. */
import { deriveCost } from '@weir/cost';
import { createCodec } from '@weir/events';
import { embeddedPriceBook } from '@weir/pricing';
import { benchRequests } from './support/bench-requests.ts';
import { median, printTable } from './support/report.ts';

const ROUNDS = 5;
const EVENTS = 20_000;

const requests = createCodec('request');
const costs = createCodec('cost');
const book = embeddedPriceBook();
const rows: Record<string, string>[] = [];
for (const [name, event] of Object.entries(benchRequests())) {
  const record = requests.encode(event);
  const rates: number[] = [];
  const cpuRates: number[] = [];
  let bytes = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let index = 0; index < EVENTS; index += 1) {
      const cost = deriveCost(requests.decodeInPlace(record), { partition: 0, offset: index }, book);
      bytes = costs.encodeReused(cost).length;
    }
    // The first round warms up.
    if (round === 0) continue;
    rates.push((EVENTS / (performance.now() - startedAt)) * 1_000);
    // Time that other processes took from this one does not count here; time of its own helper threads does.
    const { user, system } = process.cpuUsage(cpuBefore);
    cpuRates.push((EVENTS / (user + system)) * 1_000_000);
  }
  const rate = median(rates);
  rows.push({
    body: name,
    'event bytes': String(record.length),
    'row bytes': String(bytes),
    'events/s/core': Math.round(rate).toLocaleString('en'),
    'events/CPU s': Math.round(median(cpuRates)).toLocaleString('en'),
    'µs each': (1e6 / rate).toFixed(1),
  });
}
printTable('cost', rows);
