import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Codes with their explanations, by the package or service that owns them. */
export type ErrorCatalogue = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Reads every `errors.ts`: its exported `…_ERRORS` objects are the catalogue. */
export async function errorCatalogue(root: string): Promise<ErrorCatalogue> {
  const catalogue = new Map<string, Record<string, string>>();
  for (const group of ['packages', 'services']) {
    for (const name of readdirSync(join(root, group)).sort()) {
      const file = join(root, group, name, 'src/errors.ts');
      if (!existsSync(file)) continue;
      const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
      const codes = Object.entries(exports).filter(([key]) => key.endsWith('_ERRORS'));
      catalogue.set(`${group}/${name}`, Object.assign({}, ...codes.map(([, value]) => value)));
    }
  }
  return catalogue;
}

/** docs/errors.md. */
export function errorReference(catalogue: ErrorCatalogue): string {
  const lines = [
    '# Errors',
    '',
    '<!-- Generated from the errors.ts of each package by `pnpm generate`. -->',
    '',
    'Every error has a code; a code is never reused for something else. The command line prints one line and what to do;',
    'log lines carry `error.code`; a ledger row carries the code of a gateway-side failure in `error_code`.',
  ];
  for (const [owner, codes] of catalogue) {
    if (Object.keys(codes).length === 0) continue;
    lines.push('', `## ${owner}`, '', '| code | meaning, and what to do |', '|---|---|');
    for (const [code, text] of Object.entries(codes).sort())
      lines.push(`| \`${code}\` | ${text.replaceAll('|', '\\|')} |`);
  }
  return `${lines.join('\n')}\n`;
}
