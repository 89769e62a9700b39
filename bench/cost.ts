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
  let bytes = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const startedAt = performance.now();
    for (let index = 0; index < EVENTS; index += 1) {
      const cost = deriveCost(requests.decode(record), { partition: 0, offset: index }, book);
      bytes = costs.encodeReused(cost).length;
    }
    // The first round warms up.
    if (round > 0) rates.push((EVENTS / (performance.now() - startedAt)) * 1_000);
  }
  const rate = median(rates);
  rows.push({
    body: name,
    'event bytes': String(record.length),
    'row bytes': String(bytes),
    'events/s/core': Math.round(rate).toLocaleString('en'),
    'µs each': (1e6 / rate).toFixed(1),
  });
}
printTable('cost', rows);
