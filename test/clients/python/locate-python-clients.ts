import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '@weir/kernel';

const PACKAGES = ['openai==3.57.0', 'anthropic==2.14.0'] as const;
const INSTALL_MS = 300_000;

const execute = promisify(execFile);

/** Where the Python clients are, for PYTHONPATH. */
export interface PythonClients {
  readonly python: string;
  readonly path: string;
}

/**
 * The official Python clients, installed on first use into `WEIR_CACHE` (default ~/.cache/weir). Undefined where that cannot
 * be done: the caller skips its tests; with CI=true nothing is skipped.
 */
export async function locatePythonClients(): Promise<PythonClients | undefined> {
  const cache = process.env['WEIR_CACHE'] ?? join(homedir(), '.cache', 'weir');
  const python = 'python3';
  try {
    const print = 'import sys; assert sys.version_info >= (3, 10), sys.version; print(sys.implementation.cache_tag)';
    const { stdout } = await execute(python, ['-c', print]);
    const path = join(cache, ['python', stdout.trim(), ...PACKAGES].join('-').replaceAll('==', '-'));
    if (!existsSync(path)) await install(python, cache, path);
    return { python, path };
  } catch (error) {
    const how = `Install Python 3.10 or newer with pip, and let it reach PyPI for ${PACKAGES.join(' and ')}.`;
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(`\nSKIPPED: the official Python clients are not here (${String(error)}). ${how}\n\n`);
    return undefined;
  }
}

/** Beside its place and renamed into it, so that what is there is whole. */
async function install(python: string, cache: string, path: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(`${path}-`);
  try {
    const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', aside, ...PACKAGES];
    await execute(python, words, { timeout: INSTALL_MS });
    renameSync(aside, path);
  } catch (error) {
    // Another test process was faster.
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
