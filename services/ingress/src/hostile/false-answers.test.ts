import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type HostileScene, type SceneSettings, startHostileScene, startRawScene } from '../testing/hostile-scene.ts';
import { type Answer, call } from '../testing/http-peers.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function rawScene(
  onRequest: Parameters<typeof startRawScene>[0],
  settings: SceneSettings = {},
): Promise<HostileScene> {
  const scene = await startRawScene(onRequest, settings);
  stops.push(scene.stop);
  return scene;
}

const ask = ({ url }: HostileScene, headers = {}): Promise<Answer> =>
  call(`${url}/custom-up/v1/chat/completions`, {
    method: 'POST',
    body: '{"model":"m"}',
    headers: { connection: 'close', 'content-type': 'application/json', ...headers },
  });

describe('I2 a provider that lies about the length of its answer', () => {
  const answer = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

  it('bytes beyond it are nobody’s answer: not of this call, and not of the next', async () => {
    let connections = 0;
    const scene = await rawScene((socket) => {
      connections += 1;
      socket.write(`${answer('mine')}${answer('poison')}`);
    });
    const calls = [await ask(scene), await ask(scene), await ask(scene)];
    expect(calls.map(({ body }) => body.toString())).toEqual(['mine', 'mine', 'mine']);
    // A connection that said too much is not used again.
    expect(connections).toBe(3);
    expect(scene.log.events().map(({ complete, response_bytes: bytes }) => [complete, bytes])).toEqual([
      [true, 4],
      [true, 4],
      [true, 4],
    ]);
    await scene.expectClean();
  });

  it('an answer that comes before it was asked for is not taken for one', async () => {
    const scene = await rawScene((socket) => {
      socket.write(answer('mine'));
      setTimeout(() => socket.write(answer('poison')), 50);
    });
    expect((await ask(scene)).body.toString()).toBe('mine');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await ask(scene)).body.toString()).toBe('mine');
    await scene.expectClean();
  });

  it('a body where there can be none', async () => {
    const scene = await rawScene((socket) => void socket.write(`HTTP/1.1 204 No Content\r\n\r\n${answer('poison')}`));
    const answers = [await ask(scene), await ask(scene)];
    expect(answers.map(({ status, body }) => [status, body.length])).toEqual([
      [204, 0],
      [204, 0],
    ]);
    await scene.expectClean();
  });

  it.each([
    ['a size beyond all numbers', 'FFFFFFFFFFFFFFFFFF\r\nab'],
    ['a negative size', '-2\r\nab\r\n'],
    ['a chunk longer than it says', '2\r\nabcd\r\n0\r\n\r\n'],
    ['a cut in the middle of a chunk', '5\r\nab'],
    ['a cut in the middle of a size', '2\r\nab\r\n1'],
    ['a cut before the trailers end', '2\r\nab\r\n0\r\nX-A: b'],
  ])('%s cuts the client off, and the row is not complete', async (_, chunks) => {
    const scene = await rawScene(
      (socket) => void socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n${chunks}`),
    );
    const got = await ask(scene).catch(() => undefined);
    expect(got?.whole ?? false).toBe(false);
    expect((await scene.log.take(1))[0]).toMatchObject({ complete: false, outcome: 'provider_error' });
    await scene.expectClean();
  });
});

describe('I7 a small answer that would be a large one', () => {
  const zeros = Buffer.alloc(256 * 1024 * 1024);
  const bombs = { gzip: gzipSync(zeros), br: brotliCompressSync(zeros), zstd: zstdCompressSync(zeros) };

  // Weir inflates an answer where it reads it itself: for a row without bodies, and before it is cached.
  const reading = { row: { 'cf-aig-collect-log-payload': 'false' }, cache: { 'cf-aig-cache-ttl': '60' } };

  it.each(['gzip', 'br', 'zstd'] as const)(
    '%s: passes as it is; no more of it is inflated than the limit',
    async (encoding) => {
      const scene = await startHostileScene({}, (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
          .end(bombs[encoding]),
      );
      stops.push(scene.stop);
      for (const [index, headers] of Object.values(reading).entries()) {
        const before = process.memoryUsage().rss;
        const answer = await ask(scene, { ...headers, 'accept-encoding': encoding });
        expect(answer.body.equals(bombs[encoding])).toBe(true);
        const event = (await scene.log.take(index + 1)).at(-1);
        expect(event).toMatchObject({ status: 200, complete: true, response_bytes: bombs[encoding].length });
        // Of 256 MB, 64 are the limit; the rest is the garbage collector's.
        expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
      }
      await scene.expectClean();
    },
  );

  it.each(['gzip, gzip', 'gzip;q=1', 'rot13', 'x'.repeat(5_000), 'br\t'])(
    'an encoding of %j is read as nothing',
    async (encoding) => {
      const scene = await startHostileScene({}, (_request, response) =>
        response.writeHead(200, { 'content-encoding': encoding }).end(bombs.gzip),
      );
      stops.push(scene.stop);
      expect((await ask(scene, reading.row)).body.equals(bombs.gzip)).toBe(true);
      expect((await scene.log.take(1))[0]).toMatchObject({ status: 200, complete: true });
      await scene.expectClean();
    },
  );
});

describe('I2 I5 a body that is no text', () => {
  const bodies = {
    'broken UTF-8': Buffer.from('{"usage":{"prompt_tokens":1},"a":"\xff\xfe\xc3"}', 'latin1'),
    'JSON that goes deep': Buffer.from('['.repeat(200_000)),
    'JSON that is closed and goes deep': Buffer.from(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    'numbers beyond all numbers': Buffer.from('{"usage":{"prompt_tokens":1e999,"completion_tokens":-1}}'),
    'an event without end': Buffer.from(`data: ${'x'.repeat(2_000_000)}`),
    'events of nothing': Buffer.from('data:\n\n'.repeat(20_000)),
    'names that objects have': Buffer.from(
      '{"__proto__":{"usage":1},"constructor":{"prototype":1},"usage":{"toString":1}}',
    ),
  };

  it.each(Object.keys(bodies) as (keyof typeof bodies)[])('%s passes both ways, and has its row', async (name) => {
    const body = bodies[name];
    for (const type of ['application/json', 'text/event-stream']) {
      const scene = await startHostileScene({}, (_request, response) =>
        response.writeHead(200, { 'content-type': type }).end(body),
      );
      stops.push(scene.stop);
      const answer = await call(`${scene.url}/custom-up/v1/chat/completions`, {
        method: 'POST',
        body,
        headers: { connection: 'close', 'content-type': type, 'cf-aig-collect-log-payload': 'false' },
      });
      expect(answer.body.equals(body)).toBe(true);
      expect(scene.arrived[0]?.body.equals(body)).toBe(true);
      expect((await scene.log.take(1))[0]).toMatchObject({ status: 200, outcome: 'ok', complete: true });
      await scene.expectClean();
    }
  });
});
