import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostileScene, startHostileScene } from '../testing/hostile-scene.ts';
import { startUpstream } from '../testing/http-peers.ts';

let scene: HostileScene;
/** A server that nobody named: it must never be called. */
let bystander: Awaited<ReturnType<typeof startUpstream>>;
let bystanderCalls = 0;
beforeAll(async () => {
  bystander = await startUpstream((_request, response) => {
    bystanderCalls += 1;
    response.end('secret');
  });
  scene = await startHostileScene();
});
afterAll(async () => {
  await scene.stop();
  await bystander.stop();
});

const get = (target: string, headers = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

describe('a path that leads elsewhere is refused before anyone is called', () => {
  it.each([
    ...['/custom-up/../a', '/custom-up/..', '/custom-up/a/../../b', '/custom-up/./a', '/custom-up/..?x'],
    ...['/custom-up/%2e%2e/a', '/custom-up/.%2E/a', '/custom-up/%2E./a', '/custom-up/a/%2e%2e'],
    ...[
      '/custom-up/..%2fa',
      '/custom-up/a%2F..%2Fb',
      '/custom-up/%2e%2e%2fa',
      '/custom-up/a%5c..%5cb',
      '/custom-up/..%5Ca',
    ],
    ...['/custom-up\\..\\a', '/custom-up/a\\..\\b', '/custom-up/\\evil.test', '/custom-up/a#b'],
    ...['//evil.test/a', '///evil.test', '/\\evil.test', '/custom-up@evil.test/a', '/custom-up:80@evil.test/a'],
    ...['/v1/../custom-up/a', '/v1/a/../openai/x', '/v1/a/default/%63ustom-up/../a', '/custom-up%2f..%2fa'],
    ...['http://evil.test/custom-up/a', 'https://evil.test/', '*', '/%63ustom-up/a', '/CUSTOM-UP/a', '/custom-/a'],
  ])('%s', async (target) => {
    const before = scene.arrived.length;
    const { statuses, text } = await scene.raw(get(target));
    expect(statuses).toEqual([400]);
    expect(text).not.toContain('secret');
    expect(scene.arrived).toHaveLength(before);
    await scene.expectClean();
  });

  it.each(['/custom-up/a\0b', '/custom-up/a b', '/custom-up/\x7f', '/custom-up/\x01'])('%j', async (target) => {
    const before = scene.arrived.length;
    expect((await scene.raw(get(target))).statuses).toEqual([400]);
    expect(scene.arrived).toHaveLength(before);
    await scene.expectClean();
  });

  it('CONNECT opens no tunnel', async () => {
    const { text, closed } = await scene.raw(`CONNECT 127.0.0.1:${bystander.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect([closed, text.includes(' 200 ')]).toEqual([true, false]);
    await scene.expectClean();
  });
});

describe('I2 a path that only looks odd goes to the provider as it was written', () => {
  it.each([
    ...[
      '//evil.test/a',
      '/@evil.test',
      '/a%2fb',
      '/a%00b',
      '/a%0d%0aX:%20y',
      '/...',
      '/..a/b..',
      '/a?x=../../b',
      '/%252e%252e/a',
    ],
    ...['/http://evil.test/', '/a;b=c', '/%zz', '/?', '/a//b/'],
  ])('%s', async (path) => {
    const before = scene.arrived.length;
    expect((await scene.raw(get(`/custom-up${path}`, 'X-Forwarded-Host: evil.test\r\n'))).statuses).toEqual([200]);
    expect(scene.arrived.slice(before).map(({ url, headers }) => [url, headers.host])).toEqual([
      [path, scene.providerHost],
    ]);
    await scene.expectClean();
  });
});

describe('a host that comes from the path is a name within the provider, or refused', () => {
  const elsewhere = (): string => `127.0.0.1:${bystander.port}`;
  const hosts = [
    ...['{e}', '{e}/', '{e}%23', '{e}%2f', 'a@{e}', 'a.{e}', '[::1]', 'localhost.', 'a.b', 'a_b', '-a', 'a-', '%61'],
    ...['', '.', 'a%00', `${'a'.repeat(64)}`, 'ä', 'a:80', '169.254.169.254', '0x7f000001.'],
  ];
  const forms = [
    'aws-bedrock/bedrock-runtime/{h}/model/m/converse',
    'aws-bedrock/bedrock-mantle/{h}/anthropic/v1/messages',
    'azure-openai/{h}/deployment/chat/completions',
    'baseten/model/{h}',
    'google-vertex-ai/v1/projects/p/locations/{h}/publishers/google/models/m:generateContent',
  ];

  it.each(forms)('%s', async (form) => {
    for (const host of hosts) {
      const path = `/${form.replace('{h}', host.replace('{e}', elsewhere()))}`;
      const { statuses, text } = await scene.raw(get(Buffer.from(path).toString('latin1')));
      expect([path, statuses]).toEqual([path, [400]]);
      expect(text).toMatch(/2008|HTTP\/1\.1 400/);
    }
    expect(bystanderCalls).toBe(0);
    await scene.expectClean();
  });

  it('the same in a step of the universal endpoint, also one that is not the first', async () => {
    const before = scene.arrived.length;
    for (const endpoint of [`${elsewhere()}/d/chat/completions`, 'a@b/d/x', '../../custom-up/x', '..%2fx', 'a.b/d/x']) {
      const good = { provider: 'custom-up', endpoint: 'a', query: {} };
      const body = JSON.stringify([good, { provider: 'azure-openai', endpoint, query: {} }]);
      const length = Buffer.byteLength(body);
      const { statuses } = await scene.raw(
        `POST /v1/acc/default HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`,
      );
      expect([endpoint, statuses]).toEqual([endpoint, [400]]);
    }
    expect([bystanderCalls, scene.arrived.length - before]).toEqual([0, 0]);
    await scene.expectClean();
  });

  it.each([
    ...[
      'http://fal.run/a',
      'https://{e}/',
      'https://fal.run@{e}/',
      'https://fal.run:{p}/',
      'https://fal.run.evil.test/',
    ],
    ...[
      'https://evilfal.run/',
      'https://fal.ai.evil.test',
      'file:///etc/passwd',
      '//fal.run/',
      'fal.run',
      'javascript:1',
    ],
    ...[
      'https://user:pass@fal.run/',
      'https://fal.run%2f@{e}/',
      'https://%66al.run@{e}',
      'https://127.0.0.1/#.fal.run',
    ],
    ...['https://[::1]/.fal.run', 'https://fal。run.evil.test/', ''],
  ])('x-fal-target-url: %s', async (template) => {
    const target = template.replace('{e}', elsewhere()).replace('{p}', String(bystander.port));
    const header = `x-fal-target-url: ${Buffer.from(target).toString('latin1')}\r\n`;
    expect((await scene.raw(get('/fal/a', header))).statuses).toEqual([400]);
    expect(bystanderCalls).toBe(0);
    await scene.expectClean();
  });

  it('Host and forwarding headers choose nothing, for a step neither', async () => {
    const before = scene.arrived.length;
    const host = `127.0.0.1:${bystander.port}`;
    const headers = {
      host,
      'x-forwarded-host': host,
      forwarded: `host=${host}`,
      'x-fal-target-url': `https://${host}/`,
    };
    const status = await new Promise<number | undefined>((resolve) => {
      const request = http.request(`${scene.url}/custom-up/a`, { headers, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      request.end();
    });
    const body = JSON.stringify({ provider: 'custom-up', endpoint: 'b', headers, query: {} });
    const { statuses } = await scene.raw(
      `POST /v1/acc/default HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect([status, statuses]).toEqual([200, [200]]);
    for (const one of scene.arrived.slice(before)) expect(one.headers.host).toBe(scene.providerHost);
    expect([scene.arrived.length - before, bystanderCalls]).toEqual([2, 0]);
    await scene.expectClean();
  });
});
