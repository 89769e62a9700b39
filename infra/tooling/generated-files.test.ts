import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedFiles } from './generated-files.ts';

const root = join(import.meta.dirname, '../..');

it('every generated file is what `pnpm generate` writes', async () => {
  const files = await generatedFiles(root);
  expect(files.size).toBeGreaterThan(0);
  const stale = [...files].filter(([file, content]) => {
    const path = join(root, file);
    return !existsSync(path) || readFileSync(path, 'utf8') !== content;
  });
  expect(stale.map(([file]) => file)).toEqual([]);
});
