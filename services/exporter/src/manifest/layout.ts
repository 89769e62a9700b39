import type { DatasetName } from '../datasets/dataset.ts';
import { compactHour, hourFromName, hourPartition, isoTime } from '../hour.ts';
import type { ExportFormat } from './manifest.ts';

/**
 * Where everything is, below the destination:
 *
 *   v1/requests/dt=2026-11-22/hour=14/part-20261122T14-r1-000-4f1c09ab.zstd.parquet   data
 *   v1/_manifests/requests/chain/000000000042.json                                    every publication, in order
 *   v1/_manifests/requests/dt=2026-11-22/hour=14/manifest.json                        the newest of an hour
 *   v1/_manifests/requests/LATEST.json                                                the newest of all
 *   v1/_work/requests/20261122T14-4f1c09ab                                            an attempt that runs or died
 */
const ROOT = 'v1';
const SEQUENCE_DIGITS = 12;
const SUFFIX: Readonly<Record<ExportFormat, string>> = { parquet: 'zstd.parquet', jsonl: 'jsonl' };

export interface FileName {
  readonly dataset: DatasetName;
  readonly hour: number;
  readonly revision: number;
  readonly index: number;
  readonly attempt: string;
  readonly format: ExportFormat;
}

export function dataKey({ dataset, hour, revision, index, attempt, format }: FileName): string {
  const name = `part-${compactHour(hour)}-r${revision}-${String(index).padStart(3, '0')}-${attempt}.${SUFFIX[format]}`;
  return `${dataPrefix(dataset, hour)}${name}`;
}

export const dataPrefix = (dataset: DatasetName, hour: number): string => `${ROOT}/${dataset}/${hourPartition(hour)}/`;

export const datasetPrefix = (dataset: DatasetName): string => `${ROOT}/${dataset}/`;

export const chainPrefix = (dataset: DatasetName): string => `${ROOT}/_manifests/${dataset}/chain/`;

export const chainKey = (dataset: DatasetName, sequence: number): string =>
  `${chainPrefix(dataset)}${String(sequence).padStart(SEQUENCE_DIGITS, '0')}.json`;

/** The number of a publication by its key, or undefined. */
export function sequenceFromKey(key: string): number | undefined {
  const digits = /\/chain\/(\d{12})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const hourManifestKey = (dataset: DatasetName, hour: number): string =>
  `${ROOT}/_manifests/${dataset}/${hourPartition(hour)}/manifest.json`;

export const latestKey = (dataset: DatasetName): string => `${ROOT}/_manifests/${dataset}/LATEST.json`;

export const markerPrefix = (dataset: DatasetName): string => `${ROOT}/_work/${dataset}/`;

export const markerKey = (dataset: DatasetName, hour: number, attempt: string): string =>
  `${markerPrefix(dataset)}${compactHour(hour)}-${attempt}`;

export const hourOfKey = (key: string): number | undefined => hourFromName(key);

/** For messages: `requests 2026-11-22T14`. */
export const hourTitle = (dataset: DatasetName, hour: number): string => `${dataset} ${isoTime(hour).slice(0, 13)}`;
