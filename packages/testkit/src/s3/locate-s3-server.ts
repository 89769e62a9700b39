import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorCode, sleep, WeirError } from '@weir/kernel';

/** An S3 server of its own kind (Apache-2.0, one static binary over a folder), built once from its Go module. */
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const VERSION = 'v1.8.0';
const LOCK_STALE_MS = 15 * 60_000;
const POLL_MS = 250;

const say = (text: string): void => void process.stderr.write(`testkit: ${text}\n`);

/**
 * The path of the S3 server's binary, built on first use into `WEIR_CACHE` (default ~/.cache/weir). Undefined where it
 * cannot be built: the caller skips its tests; with CI=true nothing is skipped. @throws WeirError `TESTKIT_S3_MISSING`.
 */
export async function locateS3Server(): Promise<string | undefined> {
  const cache = process.env['WEIR_CACHE'] ?? join(homedir(), '.cache', 'weir');
  const folder = join(cache, `versitygw-${VERSION}`);
  const binary = join(folder, 'versitygw');
  try {
    if (!existsSync(binary)) await buildOnce(cache, folder, binary);
    return binary;
  } catch (cause) {
    const fix = `Install Go 1.26 or newer, or put versitygw ${VERSION} at ${binary}.`;
    if (process.env['CI'] === 'true') {
      throw new WeirError('TESTKIT_S3_MISSING', 'the S3 server for tests cannot be built', { cause, fix });
    }
    say(`SKIPPING the tests against a real S3 server: it cannot be built (${String(cause)}). ${fix}`);
    return undefined;
  }
}

/** Another test process may be at it: one builds aside and renames, the others wait. */
async function buildOnce(cache: string, folder: string, binary: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const lock = `${folder}.lock`;
  while (!takeLock(lock)) {
    if (existsSync(binary)) return;
    await sleep(POLL_MS);
  }
  try {
    if (existsSync(binary)) return;
    say(`building the S3 server for tests, once: go install ${MODULE}@${VERSION} (one or two minutes)`);
    const aside = mkdtempSync(`${folder}-`);
    try {
      await goInstall(aside);
      if (!readdirSync(aside).includes('versitygw')) throw new Error('go install left no binary');
      rmSync(folder, { recursive: true, force: true });
      renameSync(aside, folder);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
    say(`the S3 server is at ${binary}`);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const facts = statSync(lock, { throwIfNoEntry: false });
    if (facts !== undefined && Date.now() - facts.mtimeMs > LOCK_STALE_MS)
      rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function goInstall(binaries: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', ['install', '-trimpath', '-ldflags=-s -w', `${MODULE}@${VERSION}`], {
      env: { ...process.env, GOBIN: binaries, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    let modules = 0;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2_000);
      modules += text.split('downloading').length - 1;
      if (modules > 0) process.stderr.write(`\rtestkit: ${modules} modules fetched`);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (modules > 0) process.stderr.write('\n');
      if (code === 0) resolve();
      else reject(new Error(`go install ended with ${code}: ${output.trim().split('\n').at(-1)}`));
    });
  });
}
