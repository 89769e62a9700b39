import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'undici';
import type { Target } from './target.ts';

/** No two are equal: a cache is asked, and has none of them. */
const bodyOf = (count: number): string =>
  JSON.stringify({
    model: 'gpt-4o-mini',
    messages: [{ role: 'system', content: `${process.hrtime.bigint()}-${count} ${'You summarise. '.repeat(40)}` }],
  });

/**
 * Latencies of one connection at a fixed rate, µs. A request that is due while one is under way counts from when it was
 * due: a server that stalls cannot hide it.
 */
export async function openLoop(target: Target, everyMs: number, seconds: number): Promise<number[]> {
  const { origin, pathname } = new URL(target.url);
  const client = new Client(origin, { pipelining: 1 });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench', ...target.headers };
  const latencies: number[] = [];
  let due = performance.now();
  const end = due + seconds * 1_000;
  while (due < end) {
    const early = due - performance.now();
    if (early > 0) await pause(Math.ceil(early));
    // A timer that fires late is the client's fault: the clock starts then, unless a request was in the way.
    const began = early > 0 ? performance.now() : due;
    const { statusCode, body } = await client.request({
      method: 'POST',
      path: pathname,
      headers,
      body: bodyOf(latencies.length),
    });
    await body.arrayBuffer();
    if (statusCode !== 200) throw new Error(`${target.name} answered ${statusCode}`);
    latencies.push((performance.now() - began) * 1_000);
    due += everyMs;
  }
  await client.close();
  return latencies;
}
