import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Started, WeirError } from '@weir/kernel';
import { freePort } from '../process/free-port.ts';
import { tempDirectory } from '../process/temp-directory.ts';
import { waitFor } from '../process/wait-for.ts';

export interface S3Server {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Where each bucket is a folder and each object a file. */
  readonly directory: string;
  /** Makes an empty bucket. */
  createBucket(name: string): void;
  /** SIGKILL; what it stored stays. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and folder. */
  restart(): Promise<void>;
}

const KEYS = { accessKeyId: 'WEIRTESTKEY', secretAccessKey: 'weir-test-secret-value' } as const;
const REGION = 'us-east-1';

/** Starts a real S3-compatible server on a free port and an empty folder, both its own. */
export async function startS3Server(binary: string): Promise<Started<S3Server>> {
  const folder = await tempDirectory('weir-s3-');
  const directory = join(folder.value, 'buckets');
  mkdirSync(directory);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    child = await launch(binary, port, directory, folder.value);
    await waitFor(async () => (await fetch(url)).status > 0, { what: 'the S3 server to answer' });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  await start();
  const value: S3Server = {
    url,
    ...KEYS,
    region: REGION,
    directory,
    createBucket: (name) => mkdirSync(join(directory, name)),
    kill9: kill,
    restart: start,
  };
  return {
    value,
    async stop() {
      await kill();
      await folder.stop();
    },
  };
}

async function launch(binary: string, port: number, directory: string, home: string): Promise<ChildProcess> {
  const global = ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet', '--keep-alive'];
  const child = spawn(binary, [...global, 'posix', directory], {
    env: { HOME: home, ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey },
    stdio: 'ignore',
  });
  const killWithParent = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithParent);
  child.once('exit', () => process.off('exit', killWithParent));
  await once(child, 'spawn').catch((cause: unknown) => {
    throw new WeirError('TESTKIT_S3_MISSING', `${binary} cannot be started`, { cause });
  });
  return child;
}
