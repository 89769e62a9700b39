import { join } from 'node:path';
import { type Started, sleep } from '@weir/kernel';
import {
  findKafka,
  type KafkaServer,
  type ReplayProvider,
  spawnNode,
  startKafka,
  startReplayProvider,
} from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sendLoad } from '../support/load.ts';
import { type RunningServices, startServices } from '../support/running-services.ts';
import { childrenOf, waitForRows } from '../support/running-weir.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const CALLS = 2_000;
const SUMS = 'sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost_usd) AS usd';

/** `weir verify --json`, and its exit code. */
async function verify(services: RunningServices): Promise<{ code: number | null; found: Record<string, unknown> }> {
  const command = spawnNode(MAIN, ['verify', '--json', '--config', services.configFile], { cwd: services.directory });
  const [line] = await command.ready(/^\{.*\}$/m, 90_000);
  const code = await new Promise<number | null>((resolve) => {
    if (command.child.exitCode !== null) resolve(command.child.exitCode);
    else command.child.once('exit', resolve);
  });
  return { code, found: JSON.parse(line) as Record<string, unknown> };
}

describe.skipIf(findKafka('faults around Kafka') === undefined)('I3 faults around Kafka', { timeout: 300_000 }, () => {
  let replay: Started<ReplayProvider>;
  let kafka: Started<KafkaServer>;
  let services: RunningServices;

  beforeAll(async () => {
    replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 } });
    kafka = await startKafka();
    services = await startServices({
      kafka: kafka.value.bootstrap,
      providerUrl: replay.value.url,
      counts: { anomaly: 0, console: 0 },
      settings: { loader: { linger_ms: 50, batch_rows: 100 } },
    });
  }, 240_000);
  afterAll(async () => {
    await services?.stop();
    await kafka?.stop();
    await replay?.stop();
  });

  it('kills, a broker and a warehouse that go away, a rolling restart: no client notices, every call has one exact row', async () => {
    const faults = async (): Promise<void> => {
      await kafka.value.kill();
      await services.kill('loader-1');
      await sleep(2_000);
      await kafka.value.restart();
      await services.start('loader-1');
      await services.kill('warehouse');
      await services.kill('cost-1');
      await sleep(1_000);
      await services.start('warehouse');
      await services.start('cost-1');
      const [shipper] = childrenOf(services.pidOf('ingress-1'));
      if (shipper !== undefined) process.kill(shipper, 'SIGKILL');
      for (const name of ['cost-2', 'loader-2', 'cost-1', 'loader-1']) {
        await services.stopOne(name);
        await services.start(name);
      }
    };
    const [load] = await Promise.all([sendLoad(services.ingressUrl, CALLS, 8), faults()]);
    expect(load.broken).toBe(0);
    expect(load.finished.size).toBe(CALLS);
    await waitForRows(services, CALLS, 120_000);
    const [row] = await services.query<Record<string, string>>(
      `SELECT uniqExact(request_id) AS ids, ${SUMS} FROM requests`,
    );
    const served = replay.value.totals();
    expect(row).toMatchObject({
      ids: String(CALLS),
      input: String(served.reduce((sum, { inputTokens }) => sum + inputTokens, 0)),
      output: String(served.reduce((sum, { outputTokens }) => sum + outputTokens, 0)),
    });
    const { input, output, usd } = row ?? {};
    await vi.waitFor(
      async () => expect(await services.query(`SELECT ${SUMS} FROM usage_1h`)).toEqual([{ input, output, usd }]),
      {
        timeout: 10_000,
        interval: 200,
      },
    );
  });

  it('weir verify proves it, and names what is wrong when a row goes missing, comes twice, or is changed', async () => {
    expect(await verify(services)).toMatchObject({
      code: 0,
      found: { ok: true, idsInLog: CALLS, idsInLedger: CALLS, missing: [], doubled: [], misstated: [], drifts: [] },
    });
    const ids = await services.query<{ id: string }>(
      'SELECT toString(request_id) AS id FROM requests ORDER BY ts LIMIT 3',
    );
    const [lost = '', twice = '', changed = ''] = ids.map(({ id }) => id);
    const writes = [
      `INSERT INTO requests SELECT * FROM requests WHERE request_id = '${twice}'`,
      `ALTER TABLE requests UPDATE cost_usd = cost_usd + toDecimal64('0.000000000001', 12) WHERE request_id = '${changed}'`,
      `ALTER TABLE requests DELETE WHERE request_id = '${lost}'`,
    ];
    for (const sql of writes) {
      const url = `${services.sqlUrl}/?database=weir&mutations_sync=2&insert_deduplicate=0`;
      const answer = await fetch(url, { method: 'POST', body: sql });
      expect(answer.status, await answer.text()).toBe(200);
    }
    const { code, found } = await verify(services);
    expect(code).toBe(1);
    expect(found).toMatchObject({ ok: false, missing: [lost], doubled: [twice], misstated: [changed] });
    expect(found['drifts']).not.toEqual([]);
  });
});
