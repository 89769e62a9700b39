import { createCodec, EVENTS } from '@weir/events';
import { type Started, systemClock } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import { openFileStore } from '@weir/object-store/drivers/file';
import { tempDirectory } from '@weir/testkit';
import type { Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { type SampleCost, sampleCost } from '@weir/warehouse/testing';
import type { ExportContext } from '../hour/export-context.ts';
import { HOUR_MS } from '../hour.ts';

/** The first hour of the sample ledger. */
export const FIRST_HOUR = Date.UTC(2026, 10, 20, 10);
export const hourAt = (index: number): number => FIRST_HOUR + index * HOUR_MS;

const codec = createCodec('cost');
const FRAME_BYTES = 10;

/** `count` sample costs whose times are spread over one hour of the sample ledger; `start` makes their ids. */
export function costsOfHour(hour: number, start: number, count: number): SampleCost[] {
  const stepMs = Math.floor(HOUR_MS / Math.max(count, 1));
  return Array.from({ length: count }, (_unused, index) => {
    return { ...sampleCost(start + index), ts: hourAt(hour) + index * stepMs };
  });
}

/** Inserts events as the loader does, under a token of their own. */
export async function insertCosts(warehouse: Warehouse, token: string, events: readonly SampleCost[]): Promise<void> {
  const bodies = events.map((event) => codec.encode(event).subarray(FRAME_BYTES));
  const offsets = events.map((_event, index) => index);
  const rows = { kind: 'avro', schema: EVENTS.cost.schema, bodies, partition: 0, offsets } as const;
  await warehouse.insert({ table: 'requests', token, rows });
}

export interface SampleLedger {
  readonly warehouse: Warehouse;
  /** Of the embedded engine. */
  readonly directory: string;
}

/** A migrated, empty warehouse in the embedded engine. */
export async function startLedger(): Promise<Started<SampleLedger>> {
  const folder = await tempDirectory();
  const warehouse = await openChdbWarehouse({ directory: folder.value });
  await warehouse.migrate();
  const stop = async (): Promise<void> => {
    await warehouse.close();
    await folder.stop();
  };
  return { value: { warehouse, directory: folder.value }, stop };
}

export interface SampleFolder {
  readonly store: ObjectStore;
  readonly directory: string;
}

export async function startFolder(): Promise<Started<SampleFolder>> {
  const folder = await tempDirectory('weir-exports-');
  return { value: { store: openFileStore({ directory: folder.value }), directory: folder.value }, stop: folder.stop };
}

/** A context with small limits, and what a test wants otherwise. */
export function contextOf(
  warehouse: Warehouse,
  store: ObjectStore,
  overrides: Partial<ExportContext> = {},
): ExportContext {
  return {
    store,
    warehouse,
    clock: systemClock,
    format: 'parquet',
    limits: { rows: 1_000_000, bytes: 512 * 1024 * 1024 },
    graceMs: 3_600_000,
    version: '0.0.0-test',
    signal: new AbortController().signal,
    ...overrides,
  };
}
