import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';
import { spawnNode } from './spawn-node.ts';
import { tempDirectory } from './temp-directory.ts';
import { waitFor } from './wait-for.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function script(source: string): Promise<string> {
  const directory = await tempDirectory();
  stops.push(() => directory.stop());
  const file = join(directory.value, 'script.mjs');
  await writeFile(file, source);
  return file;
}

describe('spawnNode', () => {
  it('waits for a line, passes the environment, and kills without mercy', async () => {
    const file = await script(
      'process.on("SIGTERM", () => {}); console.log(`port=${process.env.P}`); setInterval(() => {}, 1e6)',
    );
    const spawned = spawnNode(file, [], { env: { P: '4711' } });
    expect((await spawned.ready(/port=(\d+)/))[1]).toBe('4711');
    expect((await spawned.ready(/port/))[0]).toBe('port');
    await spawned.kill9();
    expect(spawned.child.signalCode).toBe('SIGKILL');
  });

  it('stops by SIGTERM with the exit code, or by SIGKILL after the grace', async () => {
    const polite = spawnNode(
      await script('process.on("SIGTERM", () => process.exit(3)); console.log("up"); setInterval(() => {}, 1e6)'),
    );
    await polite.ready(/up/);
    expect(await polite.stop()).toBe(3);
    const deaf = spawnNode(
      await script('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1e6)'),
    );
    await deaf.ready(/up/);
    expect(await deaf.stop(50)).toBeNull();
    expect(deaf.child.signalCode).toBe('SIGKILL');
  });

  it('says when the process ended first, with its output', async () => {
    const spawned = spawnNode(await script('console.error("no such option"); process.exit(2)'));
    await expect(spawned.ready(/never/)).rejects.toMatchObject({
      code: 'TESTKIT_PROCESS_ENDED',
      details: { output: 'no such option\n' },
    });
    await expect(spawned.ready(/never/)).rejects.toMatchObject({ code: 'TESTKIT_PROCESS_ENDED' });
  });
});

describe('waitFor', () => {
  it('returns what the condition found, whatever it threw before', async () => {
    let calls = 0;
    const found = await waitFor(
      () => {
        calls += 1;
        if (calls === 1) throw new Error('not yet');
        return calls === 3 && 'found';
      },
      { what: 'the third call', intervalMs: 1 },
    );
    expect(found).toBe('found');
  });

  it('names what it waited for and the last error', async () => {
    const refuse = (): never => {
      throw new Error('refused');
    };
    await expect(waitFor(refuse, { what: 'the port', timeoutMs: 20, intervalMs: 5 })).rejects.toMatchObject({
      code: 'TESTKIT_TIMEOUT',
      message: 'gave up after 20 ms waiting for the port (last error: refused)',
    });
  });
});

describe('freePort and tempDirectory', () => {
  it('gives a port one can listen on', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    await waitFor(() => server.listening, { what: 'the server to listen' });
    expect(server.address()).toMatchObject({ port });
  });

  it('removes the directory with its files', async () => {
    const directory = await tempDirectory();
    await writeFile(join(directory.value, 'a'), 'x');
    await directory.stop();
    expect(existsSync(directory.value)).toBe(false);
  });
});
