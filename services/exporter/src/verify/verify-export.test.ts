import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Started } from '@weir/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportRange } from '../export-range.ts';
import { chainKey, hourManifestKey, latestKey } from '../manifest/layout.ts';
import type { Manifest } from '../manifest/manifest.ts';
import {
  contextOf,
  costsOfHour,
  hourAt,
  insertCosts,
  type SampleFolder,
  type SampleLedger,
  startFolder,
  startLedger,
} from '../testing/export-fixture.ts';
import type { Problem } from './verification.ts';
import { verifyExport } from './verify-export.ts';

let ledger: Started<SampleLedger>;
let folder: Started<SampleFolder>;
beforeAll(async () => {
  ledger = await startLedger();
  for (const hour of [0, 1, 2])
    await insertCosts(ledger.value.warehouse, `h${hour}`, costsOfHour(hour, hour * 100, 30));
});
afterAll(() => ledger?.stop());

const path = (key: string): string => join(folder.value.directory, key);
const manifestOf = async (hour: number): Promise<Manifest> =>
  JSON.parse(await readFile(path(hourManifestKey('requests', hourAt(hour))), 'utf8'));
const fileOf = async (hour: number): Promise<string> => (await manifestOf(hour)).files[0]?.key ?? '';

async function problems(overrides: { ledger?: boolean; window?: { from?: number; to?: number } } = {}) {
  const found = await verifyExport({
    store: folder.value.store,
    warehouse: overrides.ledger === false ? undefined : ledger.value.warehouse,
    datasets: ['requests'],
    window: overrides.window ?? {},
    now: Date.now() + 60_000,
    graceMs: 1_000,
  });
  return found.problems.map(({ kind, where }: Problem) => `${kind} ${where}`);
}

async function rewrite(key: string, change: (value: Record<string, unknown>) => void): Promise<void> {
  const value = JSON.parse(await readFile(path(key), 'utf8')) as Record<string, unknown>;
  change(value);
  await writeFile(path(key), `${JSON.stringify(value, null, 1)}\n`);
}

describe('I3 I4 verification', () => {
  beforeEach(async () => {
    folder = await startFolder();
    const context = contextOf(ledger.value.warehouse, folder.value.store, { format: 'jsonl' });
    const window = { from: hourAt(0), to: hourAt(3) };
    const summary = await exportRange(context, {
      datasets: ['requests'],
      window,
      watermark: undefined,
      onProgress: () => undefined,
    });
    expect(summary).toMatchObject({ published: 3, rows: 90 });
    return () => folder.stop();
  });

  it('finds nothing in what was exported', async () => {
    expect(await problems()).toEqual([]);
    expect(await problems({ ledger: false })).toEqual([]);
  });

  it('names a file that is missing, cut, changed or counted wrongly', async () => {
    const [gone, cut, changed] = [await fileOf(0), await fileOf(1), await fileOf(2)];
    await rm(path(gone));
    const text = await readFile(path(cut), 'utf8');
    await writeFile(path(cut), text.slice(0, text.length / 2));
    const other = await readFile(path(changed), 'utf8');
    await writeFile(path(changed), other.replace('"outcome":"ok"', '"outcome":"no"'));
    expect(await problems()).toEqual([`file ${gone}`, `file ${cut}`, `file ${changed}`]);
  });

  it('names a publication that was changed, removed or put in, and a pointer that was bent', async () => {
    const [one, two, three] = [1, 2, 3].map((sequence) => chainKey('requests', sequence)) as [string, string, string];
    await rewrite(two, (manifest) => Object.assign(manifest, { weir_version: 'forged' }));
    const bent = hourManifestKey('requests', hourAt(1));
    expect(await problems()).toEqual([`chain ${three}`, `pointer ${bent}`]);
    await rm(path(two));
    expect(await problems()).toContain(`chain ${two}`);
    await copyFile(path(one), path(two));
    const doubled = await problems();
    expect(doubled).toContain(`chain ${two}`);
    expect(doubled).toContain(`double ${two}`);
    await rewrite(latestKey('requests'), (latest) => Object.assign(latest, { sequence: 2 }));
    expect(await problems()).toContain(`pointer ${latestKey('requests')}`);
  });

  it('names totals that the files do not add up to, and money that the ledger does not have', async () => {
    const last = chainKey('requests', 3);
    for (const key of [last, hourManifestKey('requests', hourAt(2))]) {
      await rewrite(key, (manifest) => {
        const totals = manifest['totals'] as Manifest['totals'];
        Object.assign(manifest, { totals: { ...totals, sum_cost_usd: `${totals.sum_cost_usd}1` } });
      });
    }
    const found = await problems();
    expect(found).toContain('totals 2026-11-20T12');
    expect(found).toContain('ledger 2026-11-20T12');
    expect(await problems({ ledger: false })).toContain('totals 2026-11-20T12');
  });

  it('names a file that no manifest names: who reads the folder counts it twice', async () => {
    const file = await fileOf(0);
    const stray = file.replace('part-', 'part-copy-');
    await copyFile(path(file), path(stray));
    expect(await problems()).toEqual([`stray ${stray}`]);
  });

  it('names a gap: an hour with rows and no manifest', async () => {
    await insertCosts(ledger.value.warehouse, 'gap', costsOfHour(4, 900, 5));
    const window = { from: hourAt(0), to: hourAt(6) };
    expect(await problems({ window })).toEqual(['gap 2026-11-20T14']);
    expect(await problems({ window, ledger: false })).toEqual([
      'gap 2026-11-20T13',
      'gap 2026-11-20T14',
      'gap 2026-11-20T15',
    ]);
  });
});
