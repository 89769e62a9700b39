import { WeirError } from '@weir/kernel';
import { measure, type ObjectStore } from '@weir/object-store';
import type { Warehouse } from '@weir/warehouse';
import { createLineSum, createRowCounter } from '../content/row-counter.ts';
import { datasetOf } from '../datasets/datasets.ts';
import { sumOf } from '../hour/export-hour.ts';
import { readSources, readTotals, sameSources } from '../hour/ledger.ts';
import { FAR_FUTURE, hourWindow } from '../hour.ts';
import { dataPrefix } from '../manifest/layout.ts';
import type { Manifest, ManifestFile } from '../manifest/manifest.ts';
import type { Verification } from './verification.ts';

const hourOf = ({ window }: Manifest): string => window.from.slice(0, 13);

/** Reads every file of an hour again: bytes, hash, rows, and Σ cost where the format shows it. */
export async function verifyFiles(store: ObjectStore, manifest: Manifest, found: Verification): Promise<void> {
  for (const file of manifest.files) {
    found.files += 1;
    found.bytes += file.bytes;
    found.rows += file.rows;
    const problem = await problemOf(store, manifest, file);
    if (problem !== undefined) found.add('file', manifest.dataset, file.key, problem);
  }
  const { files, totals } = manifest;
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const usd = totals.sum_cost_usd === null ? null : sumOf(files);
  if (rows === totals.rows && bytes === totals.bytes && files.length === totals.files && usd === totals.sum_cost_usd)
    return;
  const text = `its files have ${rows} rows, ${bytes} bytes, ${usd} USD; its totals say ${totals.rows}, ${totals.bytes}, ${totals.sum_cost_usd}`;
  found.add('totals', manifest.dataset, hourOf(manifest), text);
}

async function problemOf(store: ObjectStore, manifest: Manifest, file: ManifestFile): Promise<string | undefined> {
  const counter = createRowCounter(manifest.format);
  const money = manifest.format === 'jsonl' ? datasetOf(manifest.dataset).cost : null;
  const sum = money === null ? undefined : createLineSum(money);
  const measured = measure(store.stream(file.key));
  try {
    for await (const chunk of measured.content) {
      counter.add(chunk);
      sum?.add(chunk);
    }
  } catch (error) {
    if (WeirError.is(error) && error.code === 'STORE_NOT_FOUND') return 'is missing';
    // Changed bytes need not be JSON; the hash says so anyway.
    if (!(error instanceof SyntaxError)) throw error;
    return 'is not JSON lines';
  }
  const { bytes, sha256 } = measured.facts();
  if (bytes !== file.bytes) return `has ${bytes} bytes, not ${file.bytes}`;
  if (sha256 !== file.sha256) return `has the hash ${sha256}, not ${file.sha256}`;
  const rows = counter.rows();
  if (rows !== file.rows) return `has ${rows ?? 'unreadable'} rows, not ${file.rows}`;
  if (sum !== undefined && sum.sum() !== file.sum_cost_usd) return `adds up to ${sum.sum()}, not ${file.sum_cost_usd}`;
  return undefined;
}

/** Files of the hour that no manifest names. Young ones are in the making or waiting for the sweep. */
export async function verifyStrays(
  store: ObjectStore,
  manifest: Manifest,
  youngerThan: { readonly now: number; readonly graceMs: number },
  found: Verification,
): Promise<void> {
  const named = new Set(manifest.files.map(({ key }) => key));
  const replacedAt = Date.parse(manifest.published_at);
  for await (const { key, modifiedMs } of store.list(dataPrefix(manifest.dataset, Date.parse(manifest.window.from)))) {
    if (named.has(key)) continue;
    // The sweep itself comes round every quarter of the grace.
    const due = Math.max(modifiedMs, replacedAt) + 2 * youngerThan.graceMs;
    if (youngerThan.now < due) found.notes.push(`${key} is in no manifest and will be swept`);
    else found.add('stray', manifest.dataset, key, 'is in no manifest and should have been swept');
  }
}

/** Asks the ledger again, as of the snapshot: rows and Σ cost to the last digit. */
export async function verifyLedger(warehouse: Warehouse, manifest: Manifest, found: Verification): Promise<void> {
  const dataset = datasetOf(manifest.dataset);
  const window = hourWindow(Date.parse(manifest.window.from));
  const view = { window, snapshot: Date.parse(manifest.snapshot) };
  const { rows, usd } = await readTotals(warehouse, dataset, view);
  const { totals } = manifest;
  if (rows !== totals.rows || usd !== totals.sum_cost_usd) {
    const text = `the ledger has ${rows} rows and ${usd ?? 'no'} USD as of the snapshot, the export ${totals.rows} and ${totals.sum_cost_usd ?? 'no'}`;
    found.add('ledger', manifest.dataset, hourOf(manifest), text);
    return;
  }
  const now = await readSources(warehouse, dataset, { window, snapshot: FAR_FUTURE });
  if (!sameSources(now, manifest.sources)) {
    found.notes.push(`${manifest.dataset} ${hourOf(manifest)} has late rows that wait for a revision`);
  }
}
