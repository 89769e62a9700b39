import { picoFromText, picoToText, WeirError } from '@weir/kernel';
import type { Dataset } from '../datasets/dataset.ts';
import { hourWindow, isoTime, type Window } from '../hour.ts';
import type { Chain } from '../manifest/chain.ts';
import { dataKey, hourTitle } from '../manifest/layout.ts';
import type { ExportState, Manifest, ManifestFile } from '../manifest/manifest.ts';
import { AttemptMarker } from './attempt-marker.ts';
import type { ExportContext } from './export-context.ts';
import {
  type LedgerTotals,
  type LedgerView,
  readSchemaHash,
  readSources,
  readTotals,
  sameSources,
  splitWindow,
  warehouseNow,
} from './ledger.ts';
import { uploadFile } from './upload-file.ts';

export interface HourRequest {
  readonly dataset: Dataset;
  readonly chain: Chain;
  readonly hour: number;
  readonly reason: Manifest['reason'];
  readonly watermark: number | undefined;
  /** The state after this publication, from the state before it. */
  stateAfter(before: ExportState): ExportState;
}

export type HourOutcome =
  | { readonly kind: 'published'; readonly manifest: Manifest }
  /** What is published is what the ledger holds. */
  | { readonly kind: 'current' }
  /** Another exporter published the hour while this one was at it. */
  | { readonly kind: 'overtaken' };

const NO_STATE: ExportState = { next_hour: null, late_checked_to: null };
const MAX_FILES = 1_000;

/**
 * Exports one hour of one dataset, once:
 *
 *   look at the ledger ─▶ marker ─▶ files ─▶ look again: unchanged, Σ equal ─▶ chain/<n>.json ─▶ manifest.json, LATEST
 *                          │ killed: the marker's hour is swept       commit ──┘ killed: the next writer puts them in place
 *
 * @throws WeirError; then nothing was published, or (when the store failed during the commit) all of it.
 */
export async function exportHour(context: ExportContext, request: HourRequest): Promise<HourOutcome> {
  const { warehouse } = context;
  const { dataset, chain, hour } = request;
  await chain.head();
  const current = await chain.ofHour(hour);
  const view: LedgerView = { window: hourWindow(hour), snapshot: await warehouseNow(warehouse) };
  const sources = await readSources(warehouse, dataset, view);
  if (current !== undefined && sameSources(current.sources, sources)) return { kind: 'current' };
  const totals = await readTotals(warehouse, dataset, view);
  if (current !== undefined && totals.rows < current.totals.rows) throw shrank(request, current, totals);

  const marker = new AttemptMarker(context, dataset.name, hour);
  const revision = (current?.revision ?? 0) + 1;
  if (totals.rows > 0) await marker.start();
  const files: ManifestFile[] = [];
  let draft: Draft;
  try {
    await writeFiles(context, request, view, totals, { revision, attempt: marker.attempt }, files);
    await requireUnchanged(context, request, view, { sources, totals, files });
    const schema = await readSchemaHash(warehouse, dataset, view);
    draft = draftOf(context, request, view, { sources, totals, files, revision, attempt: marker.attempt, schema });
    if (totals.rows > 0) marker.check();
  } catch (error) {
    // Not published for sure: these files are ours alone. What cannot be deleted now, the sweep finds by the marker.
    await discard(context, marker, files).catch(() => undefined);
    throw error;
  } finally {
    marker.stop();
  }
  const outcome = await commit(request, draft);
  if (outcome.kind !== 'published') await discard(context, marker, files);
  // The files that a revision replaces are swept by its marker, after the grace.
  else if (revision === 1 && totals.rows > 0) await marker.remove();
  return outcome;
}

type Draft = Omit<Manifest, 'sequence' | 'previous' | 'state'>;

async function writeFiles(
  context: ExportContext,
  { dataset, hour }: HourRequest,
  view: LedgerView,
  totals: LedgerTotals,
  name: { readonly revision: number; readonly attempt: string },
  files: ManifestFile[],
): Promise<void> {
  if (totals.rows === 0) return;
  for (let parts = Math.ceil(totals.rows / context.limits.rows); ; parts *= 2) {
    const windows = await splitWindow(context.warehouse, dataset, view, parts, totals.rows);
    try {
      for (const window of windows) {
        const index = files.length;
        const key = dataKey({ dataset: dataset.name, hour, index, ...name, format: context.format });
        const part = { ...view, window };
        const partTotals = windows.length === 1 ? totals : await readTotals(context.warehouse, dataset, part);
        files.push(await uploadFile(context, dataset, part, partTotals, key));
      }
      return;
    } catch (error) {
      const smaller = WeirError.is(error) && error.code === 'EXPORT_FILE_TOO_LARGE';
      if (!smaller || !canSplit(windows, parts, totals)) throw error;
      // The windows change, so these files do not belong to the hour. Their names are taken again.
      for (const { key } of files.splice(0)) await context.store.delete(key);
    }
  }
}

/** One more cut is possible while there are fewer windows than rows, and while the last cutting helped. */
const canSplit = (windows: readonly Window[], parts: number, totals: LedgerTotals): boolean =>
  windows.length === Math.min(parts, totals.rows) && parts * 2 <= Math.min(MAX_FILES, totals.rows);

interface Gathered {
  readonly sources: Manifest['sources'];
  readonly totals: LedgerTotals;
  readonly files: readonly ManifestFile[];
}

/** @throws WeirError `EXPORT_MOVED` when the ledger changed under the snapshot, or the files do not add up to it. */
async function requireUnchanged(
  { warehouse }: ExportContext,
  { dataset, hour }: HourRequest,
  view: LedgerView,
  { sources, totals, files }: Gathered,
): Promise<void> {
  const title = hourTitle(dataset.name, hour);
  const again = await readSources(warehouse, dataset, view);
  if (!sameSources(again, sources)) {
    throw new WeirError('EXPORT_MOVED', `${title} changed while it was read`, { retriable: true });
  }
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const usd = sumOf(files);
  if (rows === totals.rows && (totals.usd === null || usd === totals.usd)) return;
  const difference = `files have ${rows} rows and ${usd} USD, the ledger ${totals.rows} and ${totals.usd}`;
  throw new WeirError('EXPORT_MOVED', `${title}: ${difference}`, { retriable: true });
}

/** Σ of the files' costs in exact integers, as decimal text (I4). */
export const sumOf = (files: readonly ManifestFile[]): string =>
  picoToText(files.reduce((sum, { sum_cost_usd: usd }) => sum + picoFromText(usd ?? '0'), 0n));

function draftOf(
  { clock, format, version }: ExportContext,
  { dataset, reason, watermark }: HourRequest,
  { window, snapshot }: LedgerView,
  gathered: Gathered & { readonly revision: number; readonly attempt: string; readonly schema: string },
): Draft {
  const { sources, totals, files, revision, attempt, schema } = gathered;
  return {
    manifest_version: 1,
    dataset: dataset.name,
    format,
    window: { from: isoTime(window.from), to: isoTime(window.to) },
    revision,
    reason,
    snapshot: isoTime(snapshot),
    sources,
    schema_sha256: schema,
    files,
    totals: {
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      rows: totals.rows,
      sum_cost_usd: totals.usd,
      unpriced: totals.unpriced,
    },
    watermark: watermark === undefined ? null : isoTime(watermark),
    published_at: isoTime(clock.now()),
    weir_version: version,
    attempt,
  };
}

/** Takes the next place in the chain, unless the hour has been published by another exporter meanwhile. */
async function commit({ chain, hour, stateAfter }: HourRequest, draft: Draft): Promise<HourOutcome> {
  for (;;) {
    const head = await chain.head();
    const revision = ((await chain.ofHour(hour))?.revision ?? 0) + 1;
    if (revision !== draft.revision) return { kind: 'overtaken' };
    const published = await chain.publish({
      ...draft,
      sequence: (head?.manifest.sequence ?? 0) + 1,
      state: stateAfter(head?.manifest.state ?? NO_STATE),
      previous: head === undefined ? null : { sequence: head.manifest.sequence, sha256: head.sha256 },
    });
    if (published !== undefined) return { kind: 'published', manifest: published.manifest };
  }
}

async function discard(context: ExportContext, marker: AttemptMarker, files: readonly ManifestFile[]): Promise<void> {
  for (const { key } of files) await context.store.delete(key);
  await marker.remove();
}

function shrank({ dataset, hour }: HourRequest, current: Manifest, { rows }: LedgerTotals): WeirError {
  const before = current.totals.rows;
  return new WeirError(
    'EXPORT_SHRANK',
    `${hourTitle(dataset.name, hour)} had ${before} rows when it was exported and has ${rows} now`,
    { fix: 'Rows expired or were deleted: the export keeps them. To follow a deletion, export to another prefix.' },
  );
}
