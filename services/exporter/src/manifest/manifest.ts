import { createHash } from 'node:crypto';
import { errorMessage, WeirError } from '@weir/kernel';
import type { DatasetName } from '../datasets/dataset.ts';

export type ExportFormat = 'parquet' | 'jsonl';

export interface ManifestFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
  readonly min_ts: string;
  readonly max_ts: string;
  /** Decimal text; null for a dataset without money. */
  readonly sum_cost_usd: string | null;
}

/** What the hour held in the ledger when it was read: a later difference makes the hour stale. */
export interface ManifestSource {
  readonly table: string;
  readonly rows: number;
  readonly max_inserted_at: string | null;
}

/** The commit of one hour of one dataset. Times are ISO 8601 in UTC, money is decimal text. */
export interface Manifest {
  readonly manifest_version: 1;
  /** Position in the chain of this dataset, from 1. */
  readonly sequence: number;
  readonly dataset: DatasetName;
  readonly format: ExportFormat;
  /** Half-open. */
  readonly window: { readonly from: string; readonly to: string };
  /** Of this hour, from 1; a higher one replaces all files of the lower. */
  readonly revision: number;
  readonly reason: 'scheduled' | 'late_rows' | 'back_fill';
  /** Rows inserted up to here are in the files. */
  readonly snapshot: string;
  readonly sources: readonly ManifestSource[];
  /** SHA-256 over names and types of the columns. */
  readonly schema_sha256: string;
  readonly files: readonly ManifestFile[];
  readonly totals: {
    readonly files: number;
    readonly bytes: number;
    readonly rows: number;
    readonly sum_cost_usd: string | null;
    /** Rows whose cost is unknown. */
    readonly unpriced: number | null;
  };
  /** Everything logged before this moment had been loaded; null when that was not known. */
  readonly watermark: string | null;
  readonly published_at: string;
  readonly weir_version: string;
  /** Names the attempt that wrote the files. */
  readonly attempt: string;
  /** Carried from publication to publication, so that any exporter can go on. */
  readonly state: ExportState;
  /** The publication before this one: the chain. */
  readonly previous: { readonly sequence: number; readonly sha256: string } | null;
}

export interface ExportState {
  /** First hour that the schedule has not published; null when it never ran. */
  readonly next_hour: string | null;
  /** Late rows inserted up to here have been looked for. */
  readonly late_checked_to: string | null;
}

/** The bytes of a manifest: what its hash is of. */
export const encodeManifest = (manifest: Manifest): Buffer => Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);

export const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;
/** Money is text: a JSON number is a float to most who read it (I4). */
const isMoney = (value: unknown): boolean => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);

/** Reads a manifest. @throws WeirError `EXPORT_MANIFEST_INVALID` naming the key and what is wrong. */
export function decodeManifest(content: Uint8Array, key: string): Manifest {
  let value: Manifest;
  try {
    value = JSON.parse(Buffer.from(content).toString()) as Manifest;
  } catch (error) {
    throw invalid(key, errorMessage(error));
  }
  const problem = problemOf(value);
  if (problem !== undefined) throw invalid(key, problem);
  return value;
}

function problemOf(value: Manifest): string | undefined {
  if (value?.manifest_version !== 1) return `manifest_version is ${String(value?.manifest_version)}, not 1`;
  if (!Number.isSafeInteger(value.sequence) || value.sequence < 1) return 'sequence is no positive integer';
  if (!Number.isSafeInteger(value.revision) || value.revision < 1) return 'revision is no positive integer';
  const times = [value.window?.from, value.window?.to, value.snapshot, value.published_at];
  if (!times.every((time) => TIME.test(time))) return 'a time is not ISO 8601 in UTC';
  if (!Array.isArray(value.files) || !Array.isArray(value.sources)) return 'files or sources are missing';
  for (const { key, bytes, sha256, rows, sum_cost_usd: cost } of value.files) {
    if (typeof key !== 'string' || !HASH.test(sha256)) return `file ${key} has no hash`;
    if (!Number.isSafeInteger(bytes) || !Number.isSafeInteger(rows)) return `file ${key} has no size`;
    if (cost !== null && !isMoney(cost)) return `file ${key} has no decimal cost`;
  }
  const { totals, previous } = value;
  if (typeof totals !== 'object' || !Number.isSafeInteger(totals?.rows)) return 'totals are missing';
  if (totals.sum_cost_usd !== null && !isMoney(totals.sum_cost_usd)) return 'the total cost is not decimal';
  if (value.sequence === 1 ? previous !== null : !HASH.test(previous?.sha256 ?? '')) return 'previous is wrong';
  return typeof value.state === 'object' ? undefined : 'state is missing';
}

const invalid = (key: string, problem: string): WeirError =>
  new WeirError('EXPORT_MANIFEST_INVALID', `${key}: ${problem}`, {
    fix: 'Restore the object, or export to another prefix.',
  });
