/** Rows per second from the log into the embedded ClickHouse engine, every rollup on: the real loader, a log in memory. */

import { openMemoryLog } from '@weir/event-log/drivers/memory';
import { createCodec, EVENTS } from '@weir/events';
import { startLoader } from '@weir/loader';
import { createLogger, createMetrics } from '@weir/telemetry';
import { tempDirectory } from '@weir/testkit';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { benchCosts } from './support/bench-costs.ts';
import { printTable } from './support/report.ts';

const EVENTS_COUNT = 200_000;
const BATCH_ROWS = [20_000, 50_000];
const PARTITIONS = [1, 2];

const codec = createCodec('cost');
const rows: Record<string, string>[] = [];
for (const partitions of PARTITIONS) {
  for (const batchRows of BATCH_ROWS) rows.push(await measure(partitions, batchRows));
}
printTable('loader', rows);

async function measure(partitions: number, batchRows: number): Promise<Record<string, string>> {
  const directory = await tempDirectory();
  const warehouse = await openChdbWarehouse({ directory: directory.value });
  await warehouse.migrate();
  const log = openMemoryLog();
  const topics = Object.values(EVENTS).map(({ topic }) => topic);
  await log.ensureTopics(topics.map((name) => ({ name, partitions })));
  let bytes = 0;
  for (const { cost, partition } of benchCosts(EVENTS_COUNT, partitions)) {
    const value = codec.encode(cost);
    bytes += value.length;
    log.appendSync(EVENTS.cost.topic, [{ key: cost.request_id, value, partition, timestampMs: cost.ts }]);
  }
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const loader = await startLoader(
    {
      limits: { rows: batchRows, bytes: 256 * 1024 * 1024, lingerMs: 100 },
      payloads: { store: false, retentionDays: 30 },
      onDataError: 'halt',
      audit: { everyMs: 3_600_000, repair: false, alone: true },
    },
    {
      log,
      warehouse,
      logger: createLogger({ name: 'bench', level: 'warn', format: 'json' }),
      metrics: createMetrics(),
      version: 'bench',
    },
  );
  let loaded = 0;
  while (loaded < EVENTS_COUNT) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [row] = (await warehouse.query('SELECT count() AS n FROM weir.requests')).rows<{ n: string }>();
    loaded = Number(row?.n);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  await loader.stop();
  const [sums] = (
    await warehouse.query(
      'SELECT toString(sum(cost_usd)) AS rows, (SELECT toString(sum(cost_usd)) FROM weir.usage_1m) AS rollup FROM weir.requests',
    )
  ).rows<{ rows: string; rollup: string }>();
  if (loaded !== EVENTS_COUNT || sums?.rows !== sums?.rollup)
    throw new Error(`not exact: ${loaded} ${JSON.stringify(sums)}`);
  await log.close();
  await warehouse.close();
  await directory.stop();
  return {
    partitions: String(partitions),
    'rows per insert': batchRows.toLocaleString('en'),
    'bytes per event': String(Math.round(bytes / EVENTS_COUNT)),
    'processor time, µs per row': ((cpu.user + cpu.system) / EVENTS_COUNT).toFixed(1),
    'rows/s': Math.round(EVENTS_COUNT / seconds).toLocaleString('en'),
  };
}
