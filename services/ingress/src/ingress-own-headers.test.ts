import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

it('trace context goes on to the provider as it came, and its ids are on the row', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const upstream = await startUpstream((request, response) => {
    seen.push(request.headers);
    request.resume();
    response.end('{}');
  });
  const { ingress, url, log } = await startTestIngress(upstream.url);
  stops.push(upstream.stop, () => ingress.stop());
  const context = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=1',
    baggage: 'user=alice',
  };
  await call(`${url}/custom-up/a`, { headers: context });
  expect(seen[0]).toMatchObject(context);
  expect((await log.take(1))[0]).toMatchObject({
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    parent_span_id: 'b7ad6b7169203331',
  });
});

it('I8 headers of a custom provider go upstream instead of the client’s, and nowhere else', async () => {
  const seen: string[][] = [];
  const upstream = await startUpstream((request, response) => {
    seen.push(request.rawHeaders);
    request.resume();
    response.end('{}');
  });
  const headers = { authorization: 'Bearer sk-configured', 'x-team': 'weir' };
  const { ingress, url, log, telemetry } = await startTestIngress(upstream.url, {
    customProviders: { up: { baseUrl: upstream.url }, own: { baseUrl: upstream.url, headers } },
  });
  stops.push(upstream.stop, () => ingress.stop());
  const sent = { Authorization: 'Bearer sk-client', 'X-Kept': '1' };
  for (const slug of ['own', 'up']) {
    await call(`${url}/custom-${slug}/a`, { method: 'POST', headers: sent, body: '{}' });
  }
  await call(`${url}/custom-up/a`, { method: 'POST', headers: { authorization: 'Bearer sk-configured' }, body: '{}' });
  const value = (index: number, name: string): string[] =>
    (seen[index] ?? []).filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === name);
  expect([value(0, 'authorization'), value(0, 'x-team'), value(0, 'x-kept')]).toEqual([
    ['Bearer sk-configured'],
    ['weir'],
    ['1'],
  ]);
  expect([value(1, 'authorization'), value(1, 'x-team')]).toEqual([['Bearer sk-client'], []]);
  // The row names the credential that went upstream.
  const [own, client, configured] = await log.take(3);
  expect(own?.api_key_id).toBe(configured?.api_key_id);
  expect(own?.api_key_id).not.toBe(client?.api_key_id);
  expect(log.values.map(String).join() + telemetry.lines.join()).not.toContain('sk-configured');
});
