import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { type Started, WeirError } from '@weir/kernel';
import { freePort } from './process/free-port.ts';
import { spawnProcess } from './process/spawn-process.ts';
import { tempDirectory } from './process/temp-directory.ts';

export interface RedisServer {
  /** `redis://127.0.0.1:<port>`. */
  readonly url: string;
  /** Sends one inline command and returns the first line of its answer. */
  command(...words: string[]): Promise<string>;
}

const PROGRAMS = ['redis-server', 'valkey-server'];
const HOW = 'install redis-server (Debian: apt-get install redis-server) or valkey-server';

/**
 * Starts a Redis that keeps nothing; undefined when there is none on this machine, with a notice that names what `reason`
 * skips. In CI, or with WEIR_REQUIRE_REDIS=1, that is a failure instead. @throws WeirError `TESTKIT_REDIS_MISSING`
 */
export async function startRedis(reason: string): Promise<Started<RedisServer> | undefined> {
  const program = PROGRAMS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (program === undefined) {
    const { CI, WEIR_REQUIRE_REDIS } = process.env;
    if (CI === 'true' || CI === '1' || WEIR_REQUIRE_REDIS === '1') {
      throw new WeirError('TESTKIT_REDIS_MISSING', `${reason}: no Redis here; ${HOW}`, { fix: HOW });
    }
    process.stderr.write(`\nSKIPPED: ${reason}: no Redis here; ${HOW}\n\n`);
    return undefined;
  }
  const port = await freePort();
  const directory = await tempDirectory();
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawnProcess(program, [...words, '--dir', directory.value]);
  await server.ready(/Ready to accept connections/, 30_000);
  return {
    value: { url: `redis://127.0.0.1:${port}`, command: (...command) => sendInline(port, command.join(' ')) },
    async stop() {
      await server.stop();
      await directory.stop();
    },
  };
}

function sendInline(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('data', (answer: Buffer) => {
      socket.destroy();
      resolve(answer.toString().split('\r\n', 1)[0] ?? '');
    });
    socket.once('error', reject);
  });
}
