import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HostileScene, startHostileScene } from '../testing/hostile-scene.ts';

let scene: HostileScene;
let seen = 0;
beforeAll(async () => {
  scene = await startHostileScene();
});
beforeEach(() => {
  seen = scene.arrived.length;
});
afterAll(() => scene.stop());

const HIDDEN = 'GET /custom-up/hidden HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (headers: string, body: string): string =>
  `POST /custom-up/a HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
/** A body that ends early for one who counts chunks, and late for one who counts bytes. */
const twoWays = `0\r\n\r\n${HIDDEN}`;

describe('I2 a request of which two readers could see two ends is refused, and nothing goes upstream', () => {
  it.each([
    ['content-length and chunked', post(`Content-Length: ${twoWays.length}\r\nTransfer-Encoding: chunked`, twoWays)],
    ['chunked and content-length', post(`Transfer-Encoding: chunked\r\nContent-Length: ${twoWays.length}`, twoWays)],
    ['two lengths', post('Content-Length: 2\r\nContent-Length: 50', `ok${HIDDEN}`)],
    ['two lengths in one header', post('Content-Length: 2, 50', `ok${HIDDEN}`)],
    ['a negative length', post('Content-Length: -1', 'ok')],
    ['a length with a sign', post('Content-Length: +2', 'ok')],
    ['a length in hexadecimal', post('Content-Length: 0x2', 'ok')],
    ['a length beyond all numbers', post(`Content-Length: ${'9'.repeat(30)}`, 'ok')],
    ['a space before the colon', post('Transfer-Encoding : chunked', twoWays)],
    ['a folded header', post('Transfer-Encoding:\r\n chunked', twoWays)],
    ['a folded header of no meaning', post('X-A: b\r\n c\r\nContent-Length: 2', 'ok')],
    ['chunked, then another coding', post('Transfer-Encoding: chunked, identity', twoWays)],
    ['a coding that is not chunked', post('Transfer-Encoding: xchunked', twoWays)],
    [
      'chunked twice in two headers, with another between',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: x', twoWays),
    ],
    ['a header name with a space', post('Content Length: 2', 'ok')],
    ['a line end without a carriage return', 'GET /custom-up/a HTTP/1.1\nHost: x\n\n'],
    ['a carriage return alone', post('X-A: b\rContent-Length: 2', 'ok')],
    ['a NUL in a header', post('X-A: b\0c\r\nContent-Length: 2', 'ok')],
    ['a request line of other words', `GET /custom-up/a HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a version that is not one', `GET /custom-up/a HTTP/9.9\r\nHost: x\r\n\r\n`],
  ])('%s', async (_, bytes) => {
    const { statuses, closed } = await scene.raw(bytes);
    expect({ statuses, closed }).toEqual({ statuses: [400], closed: true });
    await scene.expectClean();
    expect(scene.arrived).toHaveLength(seen);
  });
});

describe('I2 a body that turns out not to be one ends its call', () => {
  const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);

  it.each([
    ['a size that is not one', chunked(`zz\r\nok\r\n${HIDDEN}`)],
    ['a negative size', chunked(`-2\r\nok\r\n0\r\n\r\n${HIDDEN}`)],
    ['a size beyond all numbers', chunked(`FFFFFFFFFFFFFFFFFF\r\nok\r\n${HIDDEN}`)],
    ['a size with 0x', chunked(`0x2\r\nok\r\n0\r\n\r\n${HIDDEN}`)],
    ['a chunk longer than it says', chunked(`2\r\nokay\r\n0\r\n\r\n${HIDDEN}`)],
    ['line ends without a carriage return', chunked(`2\nok\n0\n\n${HIDDEN}`)],
  ])('%s', async (_, bytes) => {
    const { text, closed } = await scene.raw(bytes);
    expect(closed).toBe(true);
    expect(text).not.toContain('200 OK');
    await scene.expectClean();
    expect(scene.arrived.slice(seen)).toEqual([]);
  });
});

describe('I2 a request with one meaning is one request upstream, with that meaning', () => {
  it('two on one connection stay two', async () => {
    const { statuses } = await scene.raw(post('Content-Length: 5', `hello${HIDDEN}`), 2);
    expect(statuses).toEqual([200, 200]);
    expect(scene.arrived.slice(seen).map(({ url, body }) => [url, body.toString()])).toEqual([
      ['/a', 'hello'],
      ['/hidden', ''],
    ]);
    await scene.expectClean();
  });

  it('a body that looks like a request is a body', async () => {
    const { statuses } = await scene.raw(post(`Content-Length: ${HIDDEN.length}`, HIDDEN));
    expect(statuses).toEqual([200]);
    expect(scene.arrived.slice(seen).map(({ body }) => body.toString())).toEqual([HIDDEN]);
    await scene.expectClean();
  });

  it('trailers and chunk extensions end at Weir, and smuggle no header', async () => {
    const body = '2;a=b;c\r\nok\r\n0\r\nAuthorization: other\r\nHost: evil.test\r\n\r\n';
    const { statuses } = await scene.raw(post('Transfer-Encoding: chunked\r\nTrailer: Authorization', body));
    expect(statuses).toEqual([200]);
    const [one] = scene.arrived.slice(seen);
    expect(one?.body.toString()).toBe('ok');
    expect(one?.headers).not.toHaveProperty('authorization');
    expect(one?.headers).not.toHaveProperty('trailer');
    expect([one?.headers.host, one?.trailers]).toEqual([scene.providerHost, {}]);
    await scene.expectClean();
  });

  it('a header that `Connection` names goes no further, whichever it is', async () => {
    const headers =
      'Connection: close, X-Secret, Authorization, Content-Type\r\nX-Secret: 1\r\nAuthorization: Bearer a';
    await scene.raw(post(`${headers}\r\nContent-Length: 2`, 'ok'));
    const [one] = scene.arrived.slice(seen);
    expect(one?.headers).not.toHaveProperty('x-secret');
    expect(one?.headers['content-length']).toBe('2');
    await scene.expectClean();
  });
});
