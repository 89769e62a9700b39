import { WeirError } from '@weir/kernel';
import type { AppliedMigration, Warehouse } from '../warehouse.ts';
import type { Migration } from './read-migrations.ts';
import { type Deployment, renderStatements } from './render.ts';

export interface MigrateOptions {
  readonly migrations: readonly Migration[];
  readonly database: string;
  readonly deployment: Deployment;
}

const BOOKKEEPING = `
CREATE DATABASE IF NOT EXISTS {{database}}{{onCluster}};
CREATE TABLE IF NOT EXISTS {{database}}.schema_migrations{{onCluster}} (
  version UInt32,
  name String,
  checksum String,
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree(applied_at)}}
ORDER BY version;
`;

/**
 * Applies what is missing, in order. Statements can be repeated, so two processes at once or a crash half-way leave
 * nothing to repair; a database that is ahead of these files is left as it is (migrations only add).
 * @throws WeirError `WAREHOUSE_MIGRATION_CHANGED` when an applied migration has other text now.
 */
export async function applyMigrations(
  warehouse: Pick<Warehouse, 'query' | 'execute'>,
  options: MigrateOptions,
): Promise<readonly AppliedMigration[]> {
  const { database, deployment } = options;
  for (const statement of renderStatements(BOOKKEEPING, database, deployment)) await warehouse.execute(statement);
  const known = await appliedChecksums(warehouse, database);
  const applied: AppliedMigration[] = [];
  for (const { version, name, checksum, template } of options.migrations) {
    const before = known.get(version);
    if (before === checksum) continue;
    if (before !== undefined) throw changed(version, name, before, checksum);
    for (const statement of renderStatements(template, database, deployment)) await warehouse.execute(statement);
    await warehouse.execute(
      `INSERT INTO ${database}.schema_migrations (version, name, checksum)
       SELECT {version:UInt32}, {name:String}, {checksum:String}`,
      { params: { version, name, checksum } },
    );
    applied.push({ version, name, checksum });
  }
  return applied;
}

async function appliedChecksums(
  warehouse: Pick<Warehouse, 'query'>,
  database: string,
): Promise<ReadonlyMap<number, string>> {
  const result = await warehouse.query(
    `SELECT version, argMax(checksum, applied_at) AS checksum FROM ${database}.schema_migrations GROUP BY version`,
  );
  return new Map(result.rows<{ version: number; checksum: string }>().map((row) => [row.version, row.checksum]));
}

const changed = (version: number, name: string, before: string, now: string): WeirError =>
  new WeirError('WAREHOUSE_MIGRATION_CHANGED', `migration ${version} (${name}) was applied with other text`, {
    fix: 'Restore the file as it was; put the change into a new migration.',
    details: { version, name, applied: before, file: now },
  });
