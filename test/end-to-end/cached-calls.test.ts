import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Started } from '@weir/kernel';
import { freePort, type ReplayProvider, spawnNode, startRedis, startReplayProvider, waitFor } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningWeir, startWeir } from '../support/running-weir.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const GATEWAYS = {
  kept: { cache_ttl: 600 },
  burst: { rate_limits: { hourly: { limit_requests: 6, window: 3_600, technique: 'sliding' } } },
};
const redis = await startRedis('cached calls and limits over Redis, end to end');
let replay: Started<ReplayProvider>;
beforeAll(async () => {
  replay = await startReplayProvider();
});
afterAll(async () => {
  await replay?.stop();
  await redis?.stop();
});

interface Answer {
  readonly status: number;
  /** HIT or MISS; null when the cache was not in play. */
  readonly cache: string | null;
  readonly text: string;
}

/** On a connection of its own, so that any worker may get it. */
async function post(url: string, path: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test', connection: 'close' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, cache: response.headers.get('cf-aig-cache-status'), text };
}
const chat = (content: string, more: object = {}): object => ({
  model: 'gpt-4o-mini',
  max_tokens: 100,
  messages: [{ role: 'user', content }],
  ...more,
});
const ask = (url: string, gateway: string, body: object): Promise<Answer> =>
  post(url, `/v1/acme/${gateway}/openai/v1/chat/completions`, body);
/** A provider that fails, then one whose answer is kept. */
const askUniversal = (url: string, body: object): Promise<Answer> =>
  post(url, '/v1/acme/kept', [
    { provider: 'groq', endpoint: 'chat/completions', headers: { 'x-replay-fault': 'status=500' }, query: body },
    { provider: 'openai', endpoint: 'v1/chat/completions', headers: { authorization: 'Bearer sk-test' }, query: body },
  ]);

interface Row {
  readonly cache_status: string;
  readonly step: number;
  readonly stream: boolean;
  readonly cost_usd: string | null;
  readonly cost_saved_usd: string | null;
  readonly total_tokens: string | null;
}
const rowsOf = (weir: RunningWeir): Promise<Row[]> =>
  weir.query<Row>(
    "SELECT cache_status, step, stream, cost_usd, cost_saved_usd, total_tokens FROM requests WHERE gateway = 'kept' AND status = 200 ORDER BY ts",
  );

/** Asks until it is a hit: what was fetched is stored about when its answer ends. Returns what was asked, the hit included. */
async function askedUntilHit(call: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  await waitFor(
    async () => {
      answers.push(await call());
      return answers.at(-1)?.cache === 'HIT';
    },
    { what: 'a hit', timeoutMs: 20_000 },
  );
  return answers;
}

async function purge(weir: RunningWeir): Promise<string> {
  const command = spawnNode(
    MAIN,
    ['cache', 'purge', '--gateway', 'kept', '--config', join(weir.directory, 'weir.yaml')],
    { cwd: weir.directory },
  );
  const [said] = await command.ready(/\d+ (?:entry|entries) purged/, 60_000);
  await command.ended();
  return said;
}

/** Another ingress over the same log, as on another machine: what it shares beside is the cache and the state. */
async function startReplica(weir: RunningWeir): Promise<{ readonly url: string; stop(): Promise<unknown> }> {
  const config = JSON.parse(readFileSync(join(weir.directory, 'weir.yaml'), 'utf8'));
  const [port, observe] = [await freePort(), await freePort()];
  const file = join(weir.directory, 'replica.yaml');
  writeFileSync(file, JSON.stringify({ ...config, observe: { port: observe }, ingress: { port, workers: 1 } }));
  const replica = spawnNode(MAIN, ['run', 'ingress', '--config', file], { cwd: weir.directory });
  const url = `http://127.0.0.1:${port}`;
  const ready = (): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitFor(ready, { what: 'the replica', timeoutMs: 60_000 });
  return { url, stop: () => replica.stop(30_000) };
}

function describeCachedCalls(name: string, settings: object, more?: (weir: () => RunningWeir) => void): void {
  describe(`cached calls, ${name}`, () => {
    let weir: RunningWeir;
    beforeAll(async () => {
      weir = await startWeir(replay.value.url, { gateways: GATEWAYS, ...settings });
    }, 240_000);
    afterAll(() => weir?.stop());

    it('I4 a hit is a row that cost 0 and saved what its answer cost: plain, streamed, and of a universal call', async () => {
      const stream = { stream: true, stream_options: { include_usage: true } };
      const kinds = [
        () => ask(weir.ingressUrl, 'kept', chat('plain')),
        () => ask(weir.ingressUrl, 'kept', chat('streamed', stream)),
        () => askUniversal(weir.ingressUrl, chat('universal')),
      ];
      let calls = 0;
      for (const call of kinds) {
        const answers = await askedUntilHit(call);
        calls += answers.length;
        expect(answers[0]).toMatchObject({ status: 200, cache: 'MISS' });
        expect(answers.at(-1)?.text).toBe(answers.at(-2)?.text);
      }
      await waitFor(async () => (await rowsOf(weir)).length === calls, { what: 'the rows', timeoutMs: 30_000 });
      const rows = await rowsOf(weir);
      const of = (status: string): Row[] => rows.filter((row) => row.cache_status === status);
      expect(of('hit')).toHaveLength(kinds.length);
      for (const hit of of('hit')) {
        expect(Number(hit.cost_usd)).toBe(0);
        expect(Number(hit.cost_saved_usd)).toBeGreaterThan(0);
        const fetched = of('miss').find(({ step, stream: streamed, cost_usd }) => {
          return step === hit.step && streamed === hit.stream && cost_usd === hit.cost_saved_usd;
        });
        expect(fetched).toBeDefined();
        expect(Number(fetched?.cost_saved_usd)).toBe(0);
      }
      expect(of('hit').map(({ step }) => step)).toEqual([0, 0, 1]);
      const [sums] = await weir.query<{ saved: string }>(
        "SELECT sum(cost_saved_usd) AS saved FROM requests WHERE cache_status = 'hit'",
      );
      expect(Number(sums?.saved)).toBeGreaterThan(0);
    });

    it('a purge from the command line is seen by every worker at once', async () => {
      const body = chat('purged');
      await askedUntilHit(() => ask(weir.ingressUrl, 'kept', body));
      const before = await Promise.all(Array.from({ length: 8 }, () => ask(weir.ingressUrl, 'kept', body)));
      expect(new Set(before.map(({ cache }) => cache))).toEqual(new Set(['HIT']));
      expect(await purge(weir)).toMatch(/^[1-9]/);
      expect((await ask(weir.ingressUrl, 'kept', body)).cache).toBe('MISS');
      await askedUntilHit(() => ask(weir.ingressUrl, 'kept', body));
    });

    more?.(() => weir);
  });
}

describeCachedCalls('in a directory', {});

describe.skipIf(redis === undefined)('over a real Redis', () => {
  const url = redis?.value.url ?? '';
  const settings = { cache: { url }, shared_state: { url, when_unreachable: 'refuse', timeout_ms: 5_000 } };
  describeCachedCalls('over Redis', settings, (weir) => {
    it('two replicas share answers and limits; each row is in the ledger', async () => {
      const { ingressUrl } = weir();
      const replica = await startReplica(weir());
      try {
        const body = chat('of two replicas');
        const first = await askedUntilHit(() => ask(ingressUrl, 'kept', body));
        expect(await ask(replica.url, 'kept', body)).toEqual(first.at(-1));
        const urls = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? ingressUrl : replica.url));
        const answers = await Promise.all(urls.map((each, index) => ask(each, 'burst', chat(`call ${index}`))));
        expect(answers.map(({ status }) => status).sort()).toEqual([...Array(6).fill(200), ...Array(14).fill(429)]);
        const passed = async (): Promise<boolean> => {
          const [row] = await weir().query<{ n: string }>("SELECT count() AS n FROM requests WHERE gateway = 'burst'");
          return row?.n === '6';
        };
        await waitFor(passed, { what: 'the rows of both', timeoutMs: 30_000 });
      } finally {
        await replica.stop();
      }
    }, 240_000);
  });
});
