/** `npm test`: the static checks, then every test; ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const filters = process.argv.slice(2);

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

function run(title: string, command: string, parameters: readonly string[]): boolean {
  process.stdout.write(`\n== ${title}\n`);
  const startedAt = performance.now();
  const result = spawnSync(command, parameters, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  process.stdout.write(`== ${title}: ${result.status === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
  return result.status === 0;
}

const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']],
  ['types of the page', 'tsc', ['--noEmit', '-p', 'services/console/web/tsconfig.json']],
  [
    'dependency boundaries',
    'depcruise',
    ['--config', '.dependency-cruiser.mjs', 'packages', 'services', 'infra/tooling', 'test'],
  ],
];

let passed = 0;
let failed = 0;
let skipped = 0;
if (filters.length === 0) {
  for (const [title, command, parameters] of checks) {
    if (run(title, command, parameters)) passed += 1;
    else failed += 1;
  }
}

const directory = mkdtempSync(join(tmpdir(), 'weir-tests-'));
const report = join(directory, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const ok = run('tests', 'vitest', ['run', ...reporters, ...filters]);
try {
  const results = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  // A file that fails before its first test counts as one failure.
  const broken = results.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  passed += results.numPassedTests;
  failed += results.numFailedTests + broken.length;
  skipped += results.numPendingTests + results.numTodoTests;
} catch {
  failed += 1;
}
rmSync(directory, { recursive: true, force: true });
if (!ok && failed === 0) failed += 1;
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
