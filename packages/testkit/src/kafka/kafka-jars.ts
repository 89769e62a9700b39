import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorCode, sleep, WeirError } from '@weir/kernel';
import { spawnProcess } from '../process/spawn-process.ts';

const POM = join(import.meta.dirname, '../../../../infra/kafka/pom.xml');
const DOWNLOAD_MS = 300_000;
/** A lock whose owner wrote nothing into it for this long is one that died between two steps. */
const LOCK_GRACE_MS = 10_000;

/** The pinned version: infra/kafka/pom.xml has it. */
export async function kafkaVersion(): Promise<string> {
  return /<kafka\.version>([^<]+)</.exec(await readFile(POM, 'utf8'))?.[1] ?? 'unknown';
}

/** The directory with the jars of the pinned Kafka, downloaded by Maven once for all projects of this user. */
export async function kafkaJars(): Promise<string> {
  const version = await kafkaVersion();
  const cache = process.env['WEIR_CACHE'] ?? join(homedir(), '.cache', 'weir');
  const directory = join(cache, `kafka-${version}`);
  if (existsSync(directory)) return directory;
  await mkdir(cache, { recursive: true });
  await underLock(`${directory}.lock`, async () => {
    if (!existsSync(directory)) await download(version, directory);
  });
  return directory;
}

async function download(version: string, directory: string): Promise<void> {
  process.stderr.write(`weir: fetching Apache Kafka ${version} with Maven (once; about 55 MB) into ${directory}\n`);
  const partial = `${directory}.${process.pid}.partial`;
  const maven = spawnProcess('mvn', [
    '-B',
    '-f',
    POM,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${partial}`,
  ]);
  const timer = setTimeout(() => void maven.kill9(), DOWNLOAD_MS);
  try {
    await maven.ready(/BUILD SUCCESS/, DOWNLOAD_MS);
    await maven.ended();
    await rename(partial, directory);
  } catch (error) {
    await maven.kill9();
    throw new WeirError('TESTKIT_KAFKA_DOWNLOAD', `Maven could not fetch Apache Kafka ${version}`, {
      cause: error,
      details: { output: maven.output().slice(-2_000) },
    });
  } finally {
    clearTimeout(timer);
    await rm(partial, { recursive: true, force: true });
  }
  process.stderr.write(`weir: Apache Kafka ${version} is there\n`);
}

/** A directory is the lock, because making one either succeeds or fails on every file system. */
async function underLock(lock: string, work: () => Promise<void>): Promise<void> {
  while (!(await tryLock(lock))) await sleep(100);
  try {
    await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeFile(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    if (await isAbandoned(lock)) await rm(lock, { recursive: true, force: true });
    return false;
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(join(lock, 'pid'), 'utf8').catch(() => '0'));
    if (pid === 0) return Date.now() - (await stat(lock)).mtimeMs > LOCK_GRACE_MS;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // ESRCH: the owner is gone. ENOENT: so is the lock, and the next try takes it.
    return errorCode(error) === 'ESRCH';
  }
}
