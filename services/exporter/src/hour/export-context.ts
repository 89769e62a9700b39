import type { Clock } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import type { Warehouse } from '@weir/warehouse';
import type { ExportFormat } from '../manifest/manifest.ts';

/** What every step of an export needs. */
export interface ExportContext {
  readonly store: ObjectStore;
  /** Only read from. */
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly format: ExportFormat;
  readonly limits: FileLimits;
  /** Files that no manifest names are left alone for this long, ms: they may be in the making, or being read. */
  readonly graceMs: number;
  /** Of Weir, for manifests. */
  readonly version: string;
  readonly signal: AbortSignal;
}

export interface FileLimits {
  readonly rows: number;
  readonly bytes: number;
}
