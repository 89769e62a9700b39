import { type Started, sleep } from '@weir/kernel';
import { type ReplayProvider, startReplayProvider, waitFor } from '@weir/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sendLoad } from '../support/load.ts';
import { type RunningWeir, startWeir, waitForRows } from '../support/running-weir.ts';

let replay: Started<ReplayProvider>;
let weir: RunningWeir;

beforeEach(async () => {
  replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 } });
  // Small batches and a short linger: most of the time an insert is in flight, and a kill falls into one.
  weir = await startWeir(replay.value.url, { loader: { linger_ms: 20, batch_rows: 50 } });
});
afterEach(async () => {
  await weir?.stop();
  await replay?.stop();
});

interface Ledger {
  readonly n: string;
  readonly ids: string;
  readonly input: string;
  readonly output: string;
  readonly usd: string;
}

const ledger = async (table: string): Promise<Ledger | undefined> => {
  const [row] = await weir.query<Ledger>(
    `SELECT count() AS n, uniqExact(request_id) AS ids, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost_usd) AS usd FROM ${table}`,
  );
  return row;
};

const ROLLUPS = ['usage_1m', 'usage_1h', 'usage_1d', 'usage_user_1d'];

/**
 * The ledger holds every row once, and every rollup counts the same. An insert shows its rows before its rollups have
 * their share (W2 speaks of the resolved insert), so the last batch is waited for; nothing may stay short or go over.
 */
async function expectConsistent(rows: number): Promise<Ledger> {
  const all = await ledger('requests');
  expect(all).toMatchObject({ n: String(rows), ids: String(rows) });
  if (all === undefined) throw new Error('no ledger');
  for (const rollup of ROLLUPS) {
    const sums = `sum(requests) AS n, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost_usd) AS usd`;
    const { n, input, output, usd } = all;
    await vi.waitFor(
      async () =>
        expect(await weir.query(`SELECT ${sums} FROM ${rollup}`), rollup).toEqual([{ n, input, output, usd }]),
      { timeout: 10_000, interval: 100 },
    );
  }
  return all;
}

async function killRepeatedly(file: string, times: number, everyMs: number): Promise<number> {
  let killed = 0;
  for (let round = 0; round < times; round += 1) {
    await sleep(everyMs);
    const pid = await waitFor(() => weir.pidsOf(file)[0], { what: `a ${file} process`, timeoutMs: 15_000 });
    process.kill(pid, 'SIGKILL');
    killed += 1;
    await waitFor(() => !weir.pidsOf(file).includes(pid), { what: 'the process to be gone', timeoutMs: 5_000 });
  }
  return killed;
}

describe('I3 kill -9', { timeout: 240_000 }, () => {
  it('of the pipeline, mid-insert and anywhere: every call has exactly one row, every sum is exact', async () => {
    const calls = 1_500;
    const [load, kills] = await Promise.all([
      sendLoad(weir.ingressUrl, calls, 8),
      killRepeatedly('pipeline-process', 4, 700),
    ]);
    expect(kills).toBe(4);
    expect(load.broken).toBe(0);
    expect(load.finished.size).toBe(calls);
    await waitFor(() => weir.query('SELECT 1'), { what: 'the SQL endpoint to be back', timeoutMs: 30_000 });
    await waitForRows(weir, calls, 60_000);
    const sums = await expectConsistent(calls);
    const served = replay.value.totals();
    expect(sums.input).toBe(String(served.reduce((sum, { inputTokens }) => sum + inputTokens, 0)));
    expect(sums.output).toBe(String(served.reduce((sum, { outputTokens }) => sum + outputTokens, 0)));
  });

  it('of ingress workers: a client that saw its answer finish has its row, and no row is there twice', async () => {
    const calls = 1_500;
    const [load, kills] = await Promise.all([
      sendLoad(weir.ingressUrl, calls, 8),
      killRepeatedly('ingress-process', 4, 400),
    ]);
    expect(kills).toBe(4);
    expect(load.finished.size + load.broken).toBe(calls);
    const lost = await waitFor(
      async () => {
        const rows = await weir.query<{ id: string }>('SELECT toString(request_id) AS id FROM requests');
        const ids = new Set(rows.map(({ id }) => id));
        const missing = [...load.finished].filter((id) => !ids.has(id));
        if (missing.length > 0) throw new Error(`${missing.length} finished calls have no row yet`);
        return { rows: rows.length, missing: missing.length };
      },
      { what: 'a row for every finished call', timeoutMs: 60_000, intervalMs: 200 },
    );
    expect(lost.missing).toBe(0);
    expect(lost.rows).toBeGreaterThanOrEqual(load.finished.size);
    expect(lost.rows).toBeLessThanOrEqual(calls);
    // What the cut calls left behind is handled too; then everything must agree.
    await waitFor(
      async () => {
        const before = (await ledger('requests'))?.n;
        await sleep(1_500);
        return before === (await ledger('requests'))?.n;
      },
      { what: 'the ledger to settle', timeoutMs: 30_000 },
    );
    const settled = Number((await ledger('requests'))?.n);
    expect(settled).toBeLessThanOrEqual(calls);
    await expectConsistent(settled);
  });
});
