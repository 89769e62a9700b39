import type { Started } from '@weir/kernel';
import type { Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import type { Settings } from './settings.ts';

export interface OpenedWarehouse {
  readonly warehouse: Warehouse;
  /** Starts the SQL endpoint in front of the embedded engine; a ClickHouse server has one of its own. */
  readonly startSql: (() => Promise<Started<{ readonly url: string }>>) | undefined;
}

/** Opens the warehouse that the configuration names. @throws WeirError `WAREHOUSE_*`. */
export async function openWarehouse({ warehouseDirectory }: Settings): Promise<OpenedWarehouse> {
  const warehouse = await openChdbWarehouse({ directory: warehouseDirectory ?? '' });
  return { warehouse, startSql: undefined };
}
