import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '@weir/kernel';
import { startReplayProvider, tempDirectory } from '@weir/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sendLoad } from '../support/load.ts';
import { startWeir, waitForRows } from '../support/running-weir.ts';

const LIBRARY = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((triplet) => `/usr/lib/${triplet}/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const CALLS = 600;
/** Forward over an hour and a day, back behind the start, and home again. */
const STEPS = ['+2h', '-3h', '+26h', '+0'];

if (LIBRARY === undefined) {
  process.stderr.write('\nSKIPPED: steps of the clock: no libfaketime here; apt-get install faketime\n\n');
}

describe.skipIf(LIBRARY === undefined)('I3 steps of the clock', { timeout: 180_000 }, () => {
  afterEach(() => vi.unstubAllEnvs());

  it('the wall clock jumps under every process: each call has its one row, and sums are exact', async () => {
    const directory = await tempDirectory();
    const clock = join(directory.value, 'clock');
    writeFileSync(clock, '+0\n');
    vi.stubEnv('LD_PRELOAD', LIBRARY ?? '');
    vi.stubEnv('FAKETIME_TIMESTAMP_FILE', clock);
    vi.stubEnv('FAKETIME_NO_CACHE', '1');
    vi.stubEnv('FAKETIME_DONT_FAKE_MONOTONIC', '1');
    const replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 } });
    const weir = await startWeir(replay.value.url, { loader: { linger_ms: 50, batch_rows: 50 } });
    const step = async (): Promise<void> => {
      for (const offset of STEPS) {
        await sleep(700);
        writeFileSync(clock, `${offset}\n`);
      }
    };
    const [load] = await Promise.all([sendLoad(weir.ingressUrl, CALLS, 4), step()]);
    expect(load.broken).toBe(0);
    await waitForRows(weir, CALLS, 60_000);
    const sums = 'sum(input_tokens) AS input, sum(output_tokens) AS output';
    const [row] = await weir.query<Record<string, string>>(
      `SELECT uniqExact(request_id) AS ids, count() AS n, uniqExact(toStartOfHour(ts)) AS hours, ${sums} FROM requests`,
    );
    const served = replay.value.totals();
    expect(row).toMatchObject({
      ids: String(CALLS),
      n: String(CALLS),
      input: String(served.reduce((sum, { inputTokens }) => sum + inputTokens, 0)),
      output: String(served.reduce((sum, { outputTokens }) => sum + outputTokens, 0)),
    });
    // The steps were seen: rows of several hours.
    expect(Number(row?.['hours'])).toBeGreaterThan(1);
    await vi.waitFor(
      async () =>
        expect(await weir.query(`SELECT ${sums} FROM usage_1d`)).toEqual([
          { input: row?.['input'], output: row?.['output'] },
        ]),
      { timeout: 10_000, interval: 100 },
    );
    await weir.stop();
    await replay.stop();
    await directory.stop();
  });
});
