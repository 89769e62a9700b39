import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Started } from '@weir/kernel';
import { type SqlEngine, startSqlEndpoint, type Warehouse } from '@weir/warehouse';
import { openHttpWarehouse } from '@weir/warehouse/drivers/http';
import { openWarehouse } from '../open-warehouse.ts';
import { ensureDirectory, type Settings } from '../settings.ts';

const USER = 'maintenance';
/** Repricing writes large chunks; a statement that takes longer than this is stuck. */
const STATEMENT_SECONDS = 600;
const MEMORY_BYTES = 2 * 1024 ** 3;

interface Access {
  readonly url: string;
  readonly password: string;
}

const fileOf = ({ runDirectory }: Settings): string => join(runDirectory, 'maintenance.json');

/**
 * Lets commands of this machine write to the embedded warehouse while it is held by this process: a second SQL endpoint
 * on loopback, with a password that stands in a file which only the owner of the data can read.
 */
export async function startMaintenance(
  settings: Settings,
  engine: SqlEngine,
  onError: (error: unknown) => void,
): Promise<Started<undefined>> {
  const password = randomBytes(24).toString('base64url');
  const endpoint = await startSqlEndpoint({
    engine,
    host: '127.0.0.1',
    port: 0,
    readOnly: false,
    users: { [USER]: password },
    maxSeconds: STATEMENT_SECONDS,
    maxMemoryBytes: MEMORY_BYTES,
    onError,
  });
  const access: Access = { url: endpoint.value.url, password };
  mkdirSync(settings.runDirectory, { recursive: true });
  const file = fileOf(settings);
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(access), { mode: 0o600 });
  const stop = async (): Promise<void> => {
    rmSync(file, { force: true });
    await endpoint.stop();
  };
  return { value: undefined, stop };
}

/**
 * The warehouse, to read and write: the ClickHouse server; the running Weir's engine; else the engine itself, opened here.
 * @throws WeirError `WAREHOUSE_*`.
 */
export async function openLedger(settings: Settings): Promise<Warehouse> {
  if (settings.warehouseDirectory !== undefined) {
    const access = readAccess(settings);
    if (access !== undefined) {
      const { url, password } = access;
      const running = openHttpWarehouse({ url, username: USER, password, timeoutMs: STATEMENT_SECONDS * 1_000 });
      if (await answers(running)) return running;
      await running.close();
    }
    ensureDirectory(settings.warehouseDirectory);
  }
  const { warehouse } = await openWarehouse(settings, () => undefined);
  // A Weir that runs has done this; an older server may not have.
  await warehouse.migrate();
  return warehouse;
}

/** A file that a killed process left behind names an endpoint that does not answer. */
async function answers(warehouse: Warehouse): Promise<boolean> {
  try {
    await warehouse.ping();
    return true;
  } catch {
    return false;
  }
}

function readAccess(settings: Settings): Access | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(settings), 'utf8')) as Access;
  } catch {
    return undefined;
  }
}
