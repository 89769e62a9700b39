import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/kernel';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly template: string;
}

const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const defaultDirectory = fileURLToPath(new URL('../../../../infra/clickhouse/migrations/', import.meta.url));

/**
 * Reads `0001_name.sql`, `0002_…` in order.
 * @throws WeirError `WAREHOUSE_MIGRATION_GAP` when the numbers are not 1, 2, 3 …
 */
export async function readMigrations(directory: string = defaultDirectory): Promise<readonly Migration[]> {
  const files = (await readdir(directory)).filter((file) => FILE.test(file)).sort();
  const migrations = await Promise.all(
    files.map(async (file) => {
      const [, number = '', name = ''] = FILE.exec(file) ?? [];
      const template = await readFile(join(directory, file), 'utf8');
      const checksum = createHash('sha256').update(template).digest('hex');
      return { version: Number(number), name, checksum, template };
    }),
  );
  const misplaced = migrations.find((migration, index) => migration.version !== index + 1);
  if (misplaced !== undefined || migrations.length === 0) {
    throw new WeirError('WAREHOUSE_MIGRATION_GAP', `migrations in ${directory} are ${files.join(', ') || 'none'}`);
  }
  return migrations;
}
