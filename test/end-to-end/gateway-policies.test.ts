import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { picoFromText, type Started } from '@weir/kernel';
import { type ReplayProvider, startReplayProvider } from '@weir/testkit';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningWeir, startWeir, waitForRows } from '../support/running-weir.ts';

const TOKEN = 'weir_end-to-end';
const STORED = 'sk-stored-end-to-end';
const LIMIT_USD = '0.002';

/** Bodies that an OpenTelemetry collector was sent. */
const traces: string[] = [];
let collector: Server;
let replay: Started<ReplayProvider>;
let weir: RunningWeir;
beforeAll(async () => {
  collector = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    traces.push(body);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  replay = await startReplayProvider();
  weir = await startWeir(replay.value.url, {
    gateways: {
      default: { authentication: true },
      burst: { rate_limits: { hourly: { limit_requests: 5, window: 3600, technique: 'fixed' } } },
    },
    tokens: {
      'team-a': { hash: `sha256:${createHash('sha256').update(TOKEN).digest('hex')}`, metadata: { team: 'a' } },
    },
    otel: { url: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces` },
    provider_keys: { openai: { default: { key: STORED } } },
    budgets: {
      team: {
        scope: { token_id: 'team-a', gateway: 'default' },
        limit_usd: LIMIT_USD,
        enforcement: 'hard',
        period: 'day',
      },
    },
  });
}, 240_000);
afterAll(async () => {
  await weir?.stop();
  await replay?.stop();
  collector.closeAllConnections();
  collector.close();
});

const clientOf = (path: string, apiKey: string): OpenAI =>
  new OpenAI({ baseURL: `${weir.ingressUrl}${path}/openai/v1`, apiKey, maxRetries: 0 });
const ask = async (client: OpenAI): Promise<number> => {
  try {
    await client.chat.completions.create({
      model: 'gpt-4o-mini',
      max_tokens: 200,
      messages: [{ role: 'user', content: 'Say hi' }],
    });
    return 200;
  } catch (error) {
    if (error instanceof APIError && error.status !== undefined) return error.status;
    throw error;
  }
};

describe('the policies of a gateway, through the workers of one machine', () => {
  it('a hard budget is spent by the official SDK with a token for its key, and not overspent; the ledger agrees', async () => {
    expect(await ask(clientOf('', 'sk-of-nobody'))).toBe(401);
    const client = clientOf('', TOKEN);
    const statuses: number[] = [];
    for (let round = 0; round < 40 && statuses.slice(-10).filter((status) => status === 429).length < 10; round += 1) {
      statuses.push(...(await Promise.all(Array.from({ length: 10 }, () => ask(client)))));
    }
    const made = statuses.filter((status) => status === 200).length;
    expect(made).toBeGreaterThan(3);
    expect(statuses.slice(-10)).toEqual(Array(10).fill(429));
    await waitForRows(weir, made);
    const [row] = await weir.query<{ usd: string; n: string }>(
      "SELECT sum(cost_usd) AS usd, count() AS n FROM requests WHERE token_id = 'team-a' AND tags['team'] = 'a'",
    );
    expect(row?.n).toBe(String(made));
    await expect.poll(() => traces.join('').split('"spanId"').length - 1).toBe(made);
    expect(traces.join('')).toContain('"weir.token_id","value":{"stringValue":"team-a"}');
    const spent = picoFromText(row?.usd ?? '');
    expect(spent).toBeLessThanOrEqual(picoFromText(LIMIT_USD));
    // What is left is less than the worst case of one call: 200 tokens of output and some of input.
    expect(spent).toBeGreaterThan(picoFromText(LIMIT_USD) - picoFromText('0.00015'));
  });

  it('a rate limit is one for all workers', async () => {
    const calls = Array.from({ length: 20 }, () => ask(clientOf('/v1/acme/burst', 'sk-own')));
    const statuses = (await Promise.all(calls)).sort();
    expect(statuses).toEqual([...Array(5).fill(200), ...Array(15).fill(429)]);
  });

  it('I8 neither token nor stored key is in the output or the warehouse', async () => {
    expect(weir.process.output()).not.toMatch(/weir_end-to-end|sk-stored/);
    const rows = await weir.query<{ text: string }>("SELECT formatRow('JSONEachRow', *) AS text FROM requests");
    expect(JSON.stringify(rows)).not.toMatch(/weir_end-to-end|sk-stored/);
  });
});
