import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Started } from '@weir/kernel';
import { waitFor } from '@weir/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningWeir, startWeir, waitForRows } from '../support/running-weir.ts';

const RESULTS = ['a', 'b', 'c'].map((id) => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
  const made = Math.floor(Date.now() / 1_000) - 3_600;
  const body = { id: `chatcmpl-${id}`, model: 'gpt-4o-mini-2024-07-18', created: made, choices: [], usage };
  return JSON.stringify({ id: `r-${id}`, custom_id: id, response: { status_code: 200, body }, error: null });
});

/** A provider whose batch has ended. */
async function startProvider(): Promise<Started<string>> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(RESULTS.join('\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  return { value: `http://127.0.0.1:${port}`, stop };
}

let provider: Started<string>;
let weir: RunningWeir;
beforeAll(async () => {
  provider = await startProvider();
  weir = await startWeir(provider.value);
}, 90_000);
afterAll(async () => {
  await weir?.stop();
  await provider?.stop();
});

async function fetchResults(): Promise<void> {
  const response = await fetch(`${weir.ingressUrl}/openai/v1/files/file-1/content`, {
    headers: { authorization: 'Bearer sk-test' },
  });
  expect(await response.text()).toBe(RESULTS.join('\n'));
}

it('I3 I5 the results of a batch are booked once, fetched four times, with the pipeline killed in between', async () => {
  await fetchResults();
  await fetchResults();
  await waitForRows(weir, 2);
  const [pid = 0] = weir.pidsOf('pipeline-process');
  process.kill(pid, 'SIGKILL');
  await waitFor(() => weir.pidsOf('pipeline-process').some((found) => found !== pid), {
    what: 'another pipeline',
    timeoutMs: 60_000,
  });
  await Promise.all([fetchResults(), fetchResults()]);
  await waitFor(() => waitForRows(weir, 4, 60_000).then(() => true), { what: 'four rows', timeoutMs: 90_000 });
  const sum = 'sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost_usd) AS usd';
  const [row] = await weir.query(
    `SELECT ${sum}, countIf(cost_usd > 0) AS booked, countIf(cost_source = 'none') AS free, countIf(isNull(cost_usd)) AS unknown FROM requests`,
  );
  // Three of 1,000 and 100 tokens of gpt-4o-mini at half of 0.15 and 0.6 USD a million.
  expect(row).toEqual({ input: '3000', output: '300', usd: '0.000315', booked: '1', free: '3', unknown: '0' });
}, 240_000);
