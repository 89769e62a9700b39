import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { picoFromText, type Started } from '@weir/kernel';
import {
  type ReceivedCall,
  type ReplayProvider,
  spawnNode,
  startReplayProvider,
  startWebhookReceiver,
  type WebhookReceiver,
  waitFor,
} from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningWeir, startWeir, waitForRows } from '../support/running-weir.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const LIMIT = picoFromText('0.001');
const SHARES = ['0.5', '0.8', '1'];
const FEATURES = ['chat', 'search', 'review'];
const CALLS = 24;

let replay: Started<ReplayProvider>;
let receiver: Started<WebhookReceiver>;
let weir: RunningWeir;

beforeAll(async () => {
  replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 } });
  receiver = await startWebhookReceiver(() => ({ status: 204 }));
  weir = await startWeir(replay.value.url, {
    loader: { linger_ms: 50 },
    budgets: {
      // Soft: a hard one would refuse the calls that are to pass it.
      features: { per: ['feature'], scope: { 'tags.team': 'blue' }, limit_usd: '0.001', enforcement: 'soft' },
      calls: { period: 'rolling 30d', limit_requests: 1_000 },
    },
    webhooks: { ops: { url: `${receiver.value.url}/hook`, secret: SECRET, events: ['open', 'update'] } },
  });
});
afterAll(async () => {
  await weir?.stop();
  await receiver?.stop();
  await replay?.stop();
});

async function call(feature: string, number: number, team: string): Promise<void> {
  const response = await fetch(`${weir.ingressUrl}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer test',
      'cf-aig-metadata': JSON.stringify({ feature, team }),
    },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: `Call ${number} of ${feature}` }] }),
  });
  expect(response.status).toBe(200);
  await response.text();
}

async function sendCalls(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number += 1) {
    await Promise.all(FEATURES.map((feature) => call(feature, number, 'blue')));
  }
}

const weirCommand = async (...words: string[]): Promise<string> => {
  const config = join(weir.directory, 'weir.yaml');
  const command = spawnNode(MAIN, [...words, '--config', config], { cwd: weir.directory });
  await new Promise((resolve) => command.child.once('close', resolve));
  expect(command.child.exitCode, command.output()).toBe(0);
  return command.output();
};

interface State {
  readonly scope_key: string;
  readonly spent_usd: string;
  readonly requests: string;
  readonly state: string;
  readonly fired: string[];
}

const states = () =>
  weir.query<State>(
    `SELECT scope_key, spent_usd, requests, state, arrayMap(toString, thresholds_fired) AS fired
     FROM budget_states FINAL WHERE budget_id = 'features' ORDER BY scope_key`,
  );

const ledger = () =>
  weir.query<{ scope_key: string; usd: string; n: string }>(
    `SELECT concat('features|feature=', feature) AS scope_key, sum(cost_usd) AS usd, count() AS n
     FROM requests WHERE tags['team'] = 'blue' GROUP BY scope_key ORDER BY scope_key`,
  );

/** Scope and share of every threshold that the ledger's sums have reached. */
const reached = (sums: readonly { scope_key: string; usd: string }[]): string[] =>
  sums.flatMap(({ scope_key, usd }) =>
    SHARES.filter((share) => picoFromText(usd) * 10n >= LIMIT * BigInt(Number(share) * 10)).map(
      (share) => `${scope_key} ${share}`,
    ),
  );

function expectSigned({ headers, body }: ReceivedCall): void {
  const id = String(headers['webhook-id']);
  const text = `${id}.${String(headers['webhook-timestamp'])}.${body}`;
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(text).digest('base64')}`);
  const event = JSON.parse(body) as { anomaly_id: string; version: number };
  expect(id).toBe(`${event.anomaly_id}.${event.version}`);
}

describe('I3 I4 budgets, end to end', { timeout: 120_000 }, () => {
  it('alert at 50, 80 and 100 % of exact sums, also after kill -9 of the pipeline on the way', async () => {
    await sendCalls(0, 4);
    await call('other-team', 1, 'red');
    const [pid] = weir.pidsOf('pipeline-process');
    process.kill(pid ?? 0, 'SIGKILL');
    await sendCalls(4, CALLS / 2);
    const again = await waitFor(() => weir.pidsOf('pipeline-process').find((found) => found !== pid), {
      what: 'the pipeline to be back',
      timeoutMs: 20_000,
    });
    await sendCalls(CALLS / 2, CALLS - 4);
    process.kill(again, 'SIGKILL');
    await sendCalls(CALLS - 4, CALLS);
    await waitFor(() => weir.query('SELECT 1'), { what: 'the SQL endpoint to be back', timeoutMs: 30_000 });
    await waitForRows(weir, FEATURES.length * CALLS + 1, 30_000);

    const sums = await ledger();
    expect(sums).toHaveLength(FEATURES.length);
    await waitFor(
      async () => {
        const found = await states();
        expect(found.map(({ scope_key, requests }) => [scope_key, requests])).toEqual(
          sums.map(({ scope_key, n }) => [scope_key, n]),
        );
        expect(found.map(({ spent_usd }) => picoFromText(spent_usd))).toEqual(sums.map(({ usd }) => picoFromText(usd)));
        return true;
      },
      { what: 'budget states that equal the ledger', timeoutMs: 20_000, intervalMs: 200 },
    );
    const expected = reached(sums);
    expect(expected).toHaveLength(FEATURES.length * SHARES.length);
    expect((await states()).every(({ state, fired }) => state === 'soft' && fired.join() === '0.5,0.8,1')).toBe(true);

    const rows = await waitFor(
      async () => {
        const found = await weir.query<{ id: string; version: string; status: string; at: string; spent: string }>(
          `SELECT toString(anomaly_id) AS id, toString(version) AS version, status,
             concat(evidence['scope_key'], ' ', evidence['threshold']) AS at, evidence['spent_usd'] AS spent
           FROM anomalies FINAL WHERE kind = 'budget' AND evidence['budget_id'] = 'features' ORDER BY at`,
        );
        // The higher thresholds have superseded the lower ones.
        expect(found.map(({ at, status }) => `${at} ${status}`)).toEqual(
          expected.map((at) => `${at} ${at.endsWith(' 1') ? 'open' : 'update'}`).sort(),
        );
        return found;
      },
      { what: 'the alerts in the warehouse', timeoutMs: 15_000, intervalMs: 200 },
    );
    const due = rows.flatMap(({ id, status }) => (status === 'open' ? [`${id}.1`] : [`${id}.1`, `${id}.2`])).sort();
    const ids = () => [...new Set(receiver.value.calls.map(({ headers }) => String(headers['webhook-id'])))].sort();
    await waitFor(() => ids().length >= due.length, { what: 'the webhook calls', timeoutMs: 15_000 });
    expect(ids()).toEqual(due);
    receiver.value.calls.forEach(expectSigned);
    expect(weir.process.output()).not.toMatch(/MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw|\/hook/);
  });

  it('are listed by the command line, printed by subscribe, and measured', async () => {
    const sums = await ledger();
    const lines = (await weirCommand('budgets', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    const total = FEATURES.length * CALLS + 1;
    expect(lines.map(({ budget, scope, spent, limit }) => [budget, scope, spent, limit])).toEqual([
      ...sums.map(({ scope_key, usd }) => [
        'features',
        scope_key.replace('features|', ''),
        usd.replace(/0+$/, ''),
        '0.001 USD',
      ]),
      ['calls', '', String(total), '1000 requests'],
    ]);
    expect(await weirCommand('budgets')).toMatch(/budget +scope +period ends \(UTC\) +spent +limit +share +state/);

    const printed = (await weirCommand('subscribe', 'cost-anomalies', '--from', 'earliest', '--limit', '3')).trim();
    for (const line of printed.split('\n')) {
      const event = JSON.parse(line) as { kind: string; message: string; impact_usd: string };
      expect(event.kind).toBe('budget');
      expect(event.message).toMatch(/^Budget features \(tags\.team=blue, feature=\w+\) has reached/);
    }
    const metrics = await waitFor(
      async () => {
        const text = await (await fetch(`${weir.ingressUrl}/metrics`)).text();
        return /weir_budget_spent_share\{budget="features"\} [1-9]/.test(text) && text;
      },
      { what: 'the share of the budget' },
    );
    expect(metrics).toMatch(/weir_log_lag_records\{group="weir-budget-book",topic="weir.budget-log"\}/);
  });
});
