import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { openChdbWarehouse } from '../drivers/chdb/index.ts';
import { readMigrations } from './read-migrations.ts';

const source = fileURLToPath(new URL('../../../../infra/clickhouse/migrations/', import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'weir-migrate-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

it('applies once when two start together, adds what is new, and refuses what was changed', async () => {
  const migrationsDirectory = join(directory, 'migrations');
  await cp(source, migrationsDirectory, { recursive: true });
  const warehouse = await openChdbWarehouse({ directory: join(directory, 'warehouse'), migrationsDirectory });
  try {
    await Promise.all([warehouse.migrate(), warehouse.migrate()]);
    expect(await warehouse.migrate()).toEqual([]);

    const next = (await readMigrations(migrationsDirectory)).length + 1;
    const added = join(migrationsDirectory, `${String(next).padStart(4, '0')}_note.sql`);
    await writeFile(added, 'ALTER TABLE {{database}}.requests{{onCluster}} ADD COLUMN IF NOT EXISTS note String;\n');
    expect(await warehouse.migrate()).toMatchObject([{ version: next, name: 'note' }]);
    expect((await warehouse.query('SELECT note FROM weir.requests')).rows()).toEqual([]);

    await appendFile(added, '-- touched\n');
    await expect(warehouse.migrate()).rejects.toMatchObject({
      code: 'WAREHOUSE_MIGRATION_CHANGED',
      details: { version: next, name: 'note' },
    });

    await rm(added);
    expect(await warehouse.migrate(), 'a database that is ahead is left alone').toEqual([]);
    await writeFile(join(migrationsDirectory, `${String(next + 1).padStart(4, '0')}_gap.sql`), 'SELECT 1;\n');
    await expect(warehouse.migrate()).rejects.toMatchObject({ code: 'WAREHOUSE_MIGRATION_GAP' });
  } finally {
    await warehouse.close();
  }
});
