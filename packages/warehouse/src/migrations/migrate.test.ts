import { appendFile, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { openChdbWarehouse } from '../drivers/chdb/index.ts';

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

    const version = (await readdir(source)).length + 1;
    const numbered = (offset: number, name: string): string =>
      join(migrationsDirectory, `${String(version + offset).padStart(4, '0')}_${name}.sql`);
    const added = numbered(0, 'note');
    await writeFile(added, 'ALTER TABLE {{database}}.requests{{onCluster}} ADD COLUMN IF NOT EXISTS note String;\n');
    expect(await warehouse.migrate()).toMatchObject([{ version, name: 'note' }]);
    expect((await warehouse.query('SELECT note FROM weir.requests')).rows()).toEqual([]);

    await appendFile(added, '-- touched\n');
    await expect(warehouse.migrate()).rejects.toMatchObject({
      code: 'WAREHOUSE_MIGRATION_CHANGED',
      details: { version, name: 'note' },
    });

    await rm(added);
    expect(await warehouse.migrate(), 'a database that is ahead is left alone').toEqual([]);
    await writeFile(numbered(2, 'gap'), 'SELECT 1;\n');
    await expect(warehouse.migrate()).rejects.toMatchObject({ code: 'WAREHOUSE_MIGRATION_GAP' });
  } finally {
    await warehouse.close();
  }
});
