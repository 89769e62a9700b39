import { createCodec, EVENTS } from '@weir/events';
import { Releasers, SharedLock } from '@weir/kernel';
import { createLogger, createMetrics } from '@weir/telemetry';
import { tempDirectory } from '@weir/testkit';
import { compareRollups, DAY_MS, type Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { costBatch } from '@weir/warehouse/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RollupAudit, startRollupAudit } from './rollup-audit.ts';

/** The day of the sample costs. */
const DAY = Date.UTC(2026, 10, 20);
/** Of the single-object encoding. */
const FRAME_BYTES = 10;
const releasers = new Releasers();
let warehouse: Warehouse;

beforeAll(async () => {
  const directory = await tempDirectory();
  releasers.add('directory', () => directory.stop());
  warehouse = await openChdbWarehouse({ directory: directory.value });
  releasers.add('warehouse', () => warehouse.close());
  await warehouse.migrate();
  const codec = createCodec('cost');
  const encode = (event: Parameters<typeof codec.encode>[0]): Uint8Array => codec.encode(event).subarray(FRAME_BYTES);
  await warehouse.insert(costBatch({ schema: EVENTS.cost.schema, encode }, 'sample', 0, 500));
});
afterAll(() => releasers.stop());

function audit(everyMs: number, now: number, isMine: () => boolean): RollupAudit {
  const settings = { name: 'audit', level: 'silent', format: 'json' } as const;
  return startRollupAudit(
    { everyMs, repair: true, alone: false },
    {
      warehouse,
      inserts: new SharedLock(),
      clock: { now: () => now, monotonic: () => performance.now() },
      logger: createLogger(settings),
      metrics: createMetrics(),
      isMine,
    },
  );
}

const spoil = (): Promise<unknown> =>
  warehouse.execute('TRUNCATE TABLE weir.usage_1d', { settings: { mutations_sync: 2 } });
const drifts = async (): Promise<number> =>
  (await compareRollups(warehouse, { fromMs: DAY, toMs: DAY + DAY_MS }, DAY + DAY_MS)).length;

test('a day that was asked for when it was the turn of another is compared and mended when the turn comes', async () => {
  await spoil();
  expect(await drifts()).toBeGreaterThan(0);
  let mine = false;
  const running = audit(3_600_000, DAY + 9 * DAY_MS, () => mine);
  running.soon([DAY + 5_000]);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await drifts()).toBeGreaterThan(0);
  mine = true;
  await expect.poll(drifts).toBe(0);
  await running.stop();
});

test('a day that nobody asked for has its turn among the older ones', async () => {
  await spoil();
  // The fourth day before yesterday: the regular audit comes to it after three others.
  const running = audit(100, DAY + 5 * DAY_MS, () => true);
  await expect.poll(drifts, { timeout: 30_000 }).toBe(0);
  await running.stop();
});
