import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorCatalogue } from './error-catalogue.ts';

const root = join(import.meta.dirname, '../..');
const catalogue = await errorCatalogue(root);
const known = new Set([...catalogue.values()].flatMap((codes) => Object.keys(codes)));

it('every error that is thrown is in the catalogue', () => {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const missing: string[] = [];
  for (const file of listed.split('\n')) {
    if (!/^(packages|services)\//.test(file) || file.endsWith('.test.ts') || !existsSync(join(root, file))) continue;
    for (const [, code = ''] of readFileSync(join(root, file), 'utf8').matchAll(/new WeirError\(\s*'([A-Z0-9_]+)'/g)) {
      if (!known.has(code)) missing.push(`${file}: ${code}`);
    }
  }
  expect(missing).toEqual([]);
});

it('a code belongs to one owner and explains itself', () => {
  const owners = [...catalogue].flatMap(([owner, codes]) =>
    Object.entries(codes).map((entry) => [owner, ...entry] as const),
  );
  expect(new Set(owners.map(([, code]) => code)).size).toBe(owners.length);
  for (const [owner, code, text] of owners) expect(text.length, `${owner} ${code}`).toBeGreaterThan(30);
});
