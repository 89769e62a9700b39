import type { Started } from '@weir/kernel';
import { type SqlEngine, startSqlEndpoint, type Warehouse } from '@weir/warehouse';
import { openHttpWarehouse } from '@weir/warehouse/drivers/http';
import type { Settings } from './settings.ts';

export interface OpenedWarehouse {
  readonly warehouse: Warehouse;
  /** The engine in this process; a ClickHouse server is none. */
  readonly engine: SqlEngine | undefined;
  /** Starts the SQL endpoint in front of the embedded engine; a ClickHouse server has one of its own. */
  readonly startSql: (() => Promise<Started<{ readonly url: string }>>) | undefined;
}

/** Opens the warehouse that the configuration names. @throws WeirError `WAREHOUSE_*`. */
export async function openWarehouse(
  { config, warehouseDirectory }: Settings,
  onError: (error: unknown) => void,
): Promise<OpenedWarehouse> {
  if (warehouseDirectory === undefined) {
    const { url, username, password, mode, cluster } = config.warehouse;
    const deployment = mode === 'cluster' ? { mode, cluster } : { mode };
    return {
      warehouse: openHttpWarehouse({ url, username, password, deployment }),
      engine: undefined,
      startSql: undefined,
    };
  }
  // Loading the engine takes 190 MiB: only who opens it pays.
  const { openChdbWarehouse } = await import('@weir/warehouse/drivers/chdb');
  const warehouse = await openChdbWarehouse({ directory: warehouseDirectory });
  const { host, port, read_only: readOnly, username, password } = config.sql;
  const users = password === '' ? {} : { users: { [username]: password } };
  const startSql = () => startSqlEndpoint({ engine: warehouse.engine, host, port, readOnly, onError, ...users });
  return { warehouse, engine: warehouse.engine, startSql };
}
