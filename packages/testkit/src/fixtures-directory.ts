import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/**
 * The directory of recorded provider bodies (`WEIR_FIXTURES`, else `shared/fixtures` beside the repository), or
 * undefined when it is absent: then a notice on standard error names the tests that `reason` skips.
 */
export function fixturesDirectory(reason: string): string | undefined {
  const directory = process.env['WEIR_FIXTURES'] ?? join(REPOSITORY, '..', 'shared', 'fixtures');
  if (existsSync(join(directory, 'INDEX.json'))) return directory;
  process.stderr.write(`\nSKIPPED: ${reason}: no recorded bodies at ${directory} (set WEIR_FIXTURES)\n\n`);
  return undefined;
}
