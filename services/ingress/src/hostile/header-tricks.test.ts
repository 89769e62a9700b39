import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostileScene, startHostileScene, startRawScene } from '../testing/hostile-scene.ts';
import { call } from '../testing/http-peers.ts';

let scene: HostileScene;
beforeAll(async () => {
  scene = await startHostileScene();
});
afterAll(() => scene.stop());

const get = (headers: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('GET /custom-up/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'),
    Buffer.from(headers as string),
    Buffer.from('\r\n\r\n'),
  ]);

describe('I7 floods of headers', () => {
  it.each([
    ['one that is large', `X-A: ${'a'.repeat(100_000)}`],
    ['many that are small', Array.from({ length: 10_000 }, (_, index) => `X-${index}: a`).join('\r\n')],
    ['a name that is large', `${'a'.repeat(100_000)}: b`],
  ])('%s: 431, and nothing goes upstream', async (_, headers) => {
    const before = scene.arrived.length;
    const { statuses, closed } = await scene.raw(get(headers));
    expect({ statuses, closed }).toEqual({ statuses: [431], closed: true });
    expect(scene.arrived).toHaveLength(before);
    await scene.expectClean();
  });

  it('a head without end is cut off while it comes', async () => {
    const { statuses, closed } = await scene.raw(`GET /custom-up/a HTTP/1.1\r\n${'X-A: b\r\n'.repeat(1_000_000)}`);
    expect(closed).toBe(true);
    expect(statuses.filter((status) => status !== 431)).toEqual([]);
    await scene.expectClean();
  });

  it('hundreds of headers within the limit all arrive', async () => {
    const before = scene.arrived.length;
    const many = Array.from({ length: 500 }, (_, index) => `X-${index}: ${index}`).join('\r\n');
    expect((await scene.raw(get(many))).statuses).toEqual([200]);
    expect(scene.arrived[before]?.headers).toMatchObject({ 'x-0': '0', 'x-499': '499' });
    await scene.expectClean();
  });
});

describe('I8 what a client says about its call becomes no header of anybody', () => {
  const injections = [
    'a\r\nset-cookie: x=1',
    'a\nset-cookie: x=1',
    'a\rset-cookie: x=1',
    'a\0b',
    'a\u2028b',
    'é\ud83d\ude00',
  ];

  it.each(injections)('metadata key and value %j', async (text) => {
    const before = scene.arrived.length;
    const bad = JSON.stringify({ [text]: { no: 'scalar' }, [`${text}2`]: text, [`cf.${text}`]: 1 });
    // JSON escapes line ends; the rest are bytes of UTF-8.
    const { statuses, text: answer } = await scene.raw(get(Buffer.from(`cf-aig-metadata: ${bad}`)));
    expect(statuses).toEqual([200]);
    expect(answer.split('\r\n\r\n', 1)[0]).not.toMatch(/^set-cookie/im);
    expect(answer).toContain('cf-aig-metadata-warning: ');
    expect(Object.keys(scene.arrived[before]?.headers ?? {})).toEqual(['host', 'connection']);
    const event = scene.log.events().at(-1);
    expect(Object.values(event?.tags ?? {})).toContain(text);
    await scene.expectClean();
  });

  it.each([
    ['metadata', 'cf-aig-metadata', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['metadata, deep', 'cf-aig-metadata', Buffer.from('{"a":'.repeat(700))],
    ['an event id', 'cf-aig-event-id', Buffer.from([0x80, 0xff, 0xc3, 0x28])],
    ['a session', 'cf-aig-session-id', Buffer.from([0xf0, 0x9f, 0x98])],
    ['a cost', 'cf-aig-custom-cost', Buffer.from([0xff, 0x22])],
    ['a trace', 'traceparent', Buffer.from([0xff, 0x2d])],
    ['attempts', 'cf-aig-max-attempts', Buffer.from([0xff, 0x35])],
    ['a time-out', 'cf-aig-request-timeout', Buffer.from('1e9')],
    ['a cache key', 'cf-aig-cache-key', Buffer.from([0xff, 0x00 + 0x41])],
  ])('bytes that are no text, in %s: the call goes on, and has its row', async (_, name, bytes) => {
    const rows = scene.log.values.length;
    const { statuses } = await scene.raw(get(Buffer.concat([Buffer.from(`${name}: `), bytes])));
    expect(statuses).toEqual([200]);
    expect(scene.log.values).toHaveLength(rows + 1);
    await scene.expectClean();
  });

  it.each(['a\rSet-Cookie: x', 'a\0b', 'a\x01b', 'a\x7fb', 'a\nSet-Cookie: x\r\n\r\n<html>'])(
    'an event id of %j is not echoed',
    async (id) => {
      const { statuses, text } = await scene.raw(get(`cf-aig-event-id: ${id}`));
      expect(statuses).toEqual([400]);
      expect(text).not.toMatch(/set-cookie|<html>/i);
      await scene.expectClean();
    },
  );
});

describe('I2 a provider whose head is not one', () => {
  const head = (extra: string, status = '200 OK'): string =>
    `HTTP/1.1 ${status}\r\n${extra}Content-Length: 2\r\n\r\nok`;

  it.each([
    ['a carriage return in a value', head('X-A: b\rSet-Cookie: c=d\r\n')],
    ['a NUL in a value', head('X-A: b\0c\r\n')],
    ['a space in a name', head('X A: b\r\n')],
    ['two lengths', head('Content-Length: 50\r\n')],
    ['chunked and a length', head('Transfer-Encoding: chunked\r\n')],
    ['a status that is not one', head('', '2000 OK')],
    ['a version that is not one', 'HTTP/9.9 200 OK\r\n\r\n'],
    ['1 MB of headers', head(`X-A: ${'a'.repeat(1024 * 1024)}\r\n`)],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(200_000)}`],
    ['nothing but line ends', '\r\n'.repeat(100_000)],
  ])('%s: 502 for the client, a row that says so', async (_, bytes) => {
    const it = await startRawScene((socket) => void socket.end(bytes));
    try {
      const answer = await call(`${it.url}/custom-up/a`, { headers: { connection: 'close' } });
      expect(answer.status).toBe(502);
      expect(answer.headers).not.toHaveProperty('set-cookie');
      const [event] = await it.log.take(1);
      expect(event?.error_code).toMatch(/^UPSTREAM_(BAD_RESPONSE|RESET)$/);
      await it.expectClean();
    } finally {
      await it.stop();
    }
  });

  it('ids of Weir that a provider makes up do not pass, nor does what it names in `Connection`', async () => {
    const forged = 'cf-aig-log-id: forged\r\ncf-aig-step: 7\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n';
    const it = await startRawScene((socket) => void socket.end(head(forged)));
    try {
      const answer = await call(`${it.url}/custom-up/a`, { headers: { connection: 'close' } });
      expect([answer.status, answer.headers['cf-aig-step'], answer.headers['x-hop']]).toEqual([200, '0', undefined]);
      expect(answer.headers['cf-aig-log-id']).toBe((await it.log.take(1))[0]?.request_id);
      await it.expectClean();
    } finally {
      await it.stop();
    }
  });
});
