import { WeirError } from '@weir/kernel';
import { createRowCounter } from '../content/row-counter.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { isoTime } from '../hour.ts';
import type { ManifestFile } from '../manifest/manifest.ts';
import type { ExportContext } from './export-context.ts';
import { type LedgerTotals, type LedgerView, readOptions } from './ledger.ts';

const FORMATS = {
  parquet: { format: 'Parquet', settings: { output_format_parquet_compression_method: 'zstd' } },
  // Money and 64-bit counts stay text, times say their zone (I4).
  jsonl: { format: 'JSONEachRow', settings: { date_time_output_format: 'iso' } },
} as const;

/**
 * Streams the rows of a view, whose totals are known, into one object. The bytes are counted on the way: a file with other rows than the ledger
 * counted is never completed, so it is never visible. @throws WeirError `EXPORT_SHORT_FILE`, `EXPORT_FILE_TOO_LARGE`.
 */
export async function uploadFile(
  context: ExportContext,
  dataset: Dataset,
  view: LedgerView,
  totals: LedgerTotals,
  key: string,
): Promise<ManifestFile> {
  const stored = await context.store.putStream(key, checkedRows(context, dataset, view, totals.rows), {
    signal: context.signal,
  });
  return {
    key,
    bytes: stored.bytes,
    sha256: stored.sha256,
    rows: totals.rows,
    min_ts: isoTime(totals.minTime),
    max_ts: isoTime(totals.maxTime),
    sum_cost_usd: totals.usd,
  };
}

async function* checkedRows(
  { warehouse, format: name, limits, signal }: ExportContext,
  dataset: Dataset,
  view: LedgerView,
  expected: number,
): AsyncGenerator<Uint8Array> {
  const { format, settings } = FORMATS[name];
  const options = readOptions(view, signal);
  const sql = `${dataset.select}\nORDER BY ${dataset.orderBy}`;
  const counter = createRowCounter(name);
  let bytes = 0;
  for await (const chunk of warehouse.stream(sql, {
    ...options,
    format,
    settings: { ...options.settings, ...settings },
  })) {
    counter.add(chunk);
    bytes += chunk.byteLength;
    if (bytes > limits.bytes) {
      throw new WeirError('EXPORT_FILE_TOO_LARGE', `a file of ${dataset.name} passed ${limits.bytes} bytes`);
    }
    yield chunk;
  }
  const rows = counter.rows();
  if (rows === expected) return;
  const got = rows === undefined ? 'no whole file' : `${rows} rows`;
  throw new WeirError('EXPORT_SHORT_FILE', `the warehouse counted ${expected} rows and sent ${got}`, {
    retriable: true,
  });
}
