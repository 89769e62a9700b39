import { type Started, sleep } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOf } from '../datasets/datasets.ts';
import { Chain } from '../manifest/chain.ts';
import { sweep } from '../sweep.ts';
import { crashingStore, Killed } from '../testing/crashing-store.ts';
import {
  contextOf,
  costsOfHour,
  hourAt,
  insertCosts,
  type SampleLedger,
  startFolder,
  startLedger,
} from '../testing/export-fixture.ts';
import { verifyExport } from '../verify/verify-export.ts';
import { exportHour } from './export-hour.ts';

let ledger: Started<SampleLedger>;
beforeAll(async () => {
  ledger = await startLedger();
  for (const hour of [0, 1]) await insertCosts(ledger.value.warehouse, `h${hour}`, costsOfHour(hour, hour * 100, 40));
});
afterAll(() => ledger?.stop());

const GRACE_MS = 20;
const TWO_FILES = { rows: 20, bytes: 1e9 };

/** Exports the first `hours` hours with what may be a dying store. */
async function exportHours(store: ObjectStore, hours: number): Promise<void> {
  const context = contextOf(ledger.value.warehouse, store, { limits: TWO_FILES, graceMs: 60_000 });
  const chain = new Chain(store, 'requests');
  for (let hour = 0; hour < hours; hour += 1) {
    await exportHour(context, {
      dataset: datasetOf('requests'),
      chain,
      hour: hourAt(hour),
      reason: 'scheduled',
      watermark: undefined,
      stateAfter: (before) => before,
    });
  }
}

async function requireWhole(store: ObjectStore, hours: number): Promise<void> {
  await sleep(3 * GRACE_MS);
  const context = contextOf(ledger.value.warehouse, store, { graceMs: GRACE_MS });
  await sweep(context, new Chain(store, 'requests'));
  const { warehouse } = ledger.value;
  const now = Date.now() + 60_000;
  const found = await verifyExport({ store, warehouse, datasets: ['requests'], window: {}, now, graceMs: GRACE_MS });
  expect(found.problems).toEqual([]);
  expect(found).toMatchObject({ hours, rows: hours * 40, files: hours * 2 });
  for await (const { key } of store.list('v1/_work/')) expect(key).toBeUndefined();
}

/** What readers may see while the dead exporter's work lies around: a manifest names whole files only. */
async function requireNothingHalf(store: ObjectStore): Promise<void> {
  const manifest = await new Chain(store, 'requests').ofHour(hourAt(0));
  for (const { key } of manifest?.files ?? []) expect(await store.get(key)).toBeDefined();
}

describe('I3 an exporter that is killed', () => {
  // One hour takes 7 writes: marker, 2 files, chain, manifest.json, LATEST, marker gone.
  const moments = Array.from({ length: 7 }, (_unused, index) => index + 1);

  for (const when of ['before', 'after'] as const) {
    it(`publishes nothing half, and the next one finishes and tidies up (dies ${when} each write)`, async () => {
      let died = 0;
      for (const fuse of moments) {
        const folder = await startFolder();
        const { store } = folder.value;
        await exportHours(crashingStore(store, fuse, when), 1).catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
          died += 1;
        });
        await requireNothingHalf(store);
        await exportHours(store, 1);
        await requireWhole(store, 1);
        await folder.stop();
      }
      expect(died).toBe(moments.length);
    });
  }

  it('works beside others: several exporters of the same hours publish each hour once', async () => {
    const folder = await startFolder();
    const { store } = folder.value;
    await Promise.all([exportHours(store, 2), exportHours(store, 2), exportHours(store, 2)]);
    await requireWhole(store, 2);
    expect((await new Chain(store, 'requests').head())?.manifest.sequence).toBe(2);
    await folder.stop();
  });
});
