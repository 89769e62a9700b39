import type { Started } from '@weir/kernel';
import { type ReplayProvider, startReplayProvider, waitFor } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendLoad } from '../support/load.ts';
import { type RunningWeir, startWeir, waitForRows } from '../support/running-weir.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';

const MIB = 1024 * 1024;
const PIPELINE_FULL = /"name":"pipeline".*ENOSPC/;
// Room for the ledger of all calls and the merging of its parts: only what is filled in may be what fills it.
const disk = await mountSmallDisk(160);
const reason = typeof disk === 'string' ? ` SKIPPED: ${disk}` : '';

describe.skipIf(reason !== '')(`I3 I7 a full disk${reason}`, { timeout: 120_000 }, () => {
  const { value: space, stop: unmount } = disk as Started<SmallDisk>;
  let replay: Started<ReplayProvider>;
  let weir: RunningWeir;

  beforeAll(async () => {
    replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 } });
    weir = await startWeir(replay.value.url, {
      log: { url: `embedded:${space.path}/log` },
      warehouse: { url: `chdb:${space.path}/warehouse` },
      loader: { linger_ms: 50 },
    });
  });
  afterAll(async () => {
    await weir?.stop();
    await replay?.stop();
    await unmount();
  });

  const ready = async (status: number, what: string): Promise<void> => {
    const reached = async (): Promise<boolean> => (await fetch(`${weir.ingressUrl}/readyz`)).status === status;
    await waitFor(reached, { what, timeoutMs: 20_000 });
  };

  it('calls finish with their row or are refused with 503, and all goes on by itself once there is room', async () => {
    const before = await sendLoad(weir.ingressUrl, 100, 8);
    expect(before.finished.size).toBe(100);
    await waitForRows(weir, 100);

    space.fill(MIB);
    const during = sendLoad(weir.ingressUrl, 1_500, 8, 16_000);
    await ready(503, 'the ingress to notice');
    const noticed = (): boolean => PIPELINE_FULL.test(weir.process.output());
    await waitFor(noticed, { what: 'the pipeline to notice', timeoutMs: 20_000 });
    space.free();
    const full = await during;
    expect(full.refused).toBeGreaterThan(0);
    // What had waited for its row longer than an answer is held back was cut instead; its row came later.
    const cut = full.broken - full.refused;
    expect(cut).toBeLessThanOrEqual(8);

    await ready(200, 'the ingress to be ready again');
    const after = await sendLoad(weir.ingressUrl, 100, 8);
    expect(after.finished.size).toBe(100);
    const finished = new Set([...before.finished, ...full.finished, ...after.finished]);
    const ids = await waitFor(
      async () => {
        const rows = await weir.query<{ id: string }>('SELECT toString(request_id) AS id FROM requests');
        const found = rows.map(({ id }) => id);
        const there = new Set(found);
        const missing = [...finished].filter((id) => !there.has(id)).length;
        if (missing > 0) throw new Error(`${missing} of ${finished.size} finished calls have no row`);
        return found;
      },
      { what: 'a row for every finished call', timeoutMs: 60_000, intervalMs: 100 },
    );
    expect(ids).toHaveLength(new Set(ids).size);
    expect(ids.length).toBeLessThanOrEqual(finished.size + cut);
  });
});
