import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createCodec, EVENTS } from '@weir/events';
import { afterAll, expect, it } from 'vitest';
import type { KillPlan } from '../../testing/insert-until-killed.ts';
import { facetCounts, ledgerTotals } from '../../testing/ledger-totals.ts';
import { sampleCost } from '../../testing/sample-cost.ts';
import { sampleTotals } from '../../testing/warehouse-contract.ts';
import { openChdbWarehouse } from './open-chdb-warehouse.ts';

const program = fileURLToPath(new URL('../../testing/insert-until-killed.ts', import.meta.url));
const codec = createCodec('cost');
const FRAME_BYTES = 10;
const BATCHES = 6;
const ROWS = 2000;
/** Milliseconds after the beginning of a batch: into writing, parsing, the table, the rollups. */
const MOMENTS_MS = [5, 40, 80, 130, 190, 260];
const directory = await mkdtemp(join(tmpdir(), 'weir-kill-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

function plan(): KillPlan {
  const batches = Array.from({ length: BATCHES }, (_unused, batch) => {
    const offsets = Array.from({ length: ROWS }, (_row, index) => batch * ROWS + index);
    const bodies = offsets.map((offset) => codec.encode(sampleCost(offset)).subarray(FRAME_BYTES).toString('base64'));
    return { token: `weir.costs/0/${batch}`, bodies, offsets };
  });
  return { directory: join(directory, 'warehouse'), schema: EVENTS.cost.schema, batches };
}

/** Kills the child `afterMs` into its insert of `token`; returns the tokens whose insert had begun. */
async function killDuring(child: ChildProcess, token: string, afterMs: number): Promise<readonly string[]> {
  const begun: string[] = [];
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('the child has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    begun.push(line);
    if (line === `begin ${token}`) setTimeout(() => child.kill('SIGKILL'), afterMs);
  }
  await exited;
  return begun;
}

it('loses nothing and doubles nothing through kill -9 in the middle of inserts (I3)', {
  timeout: 240_000,
}, async () => {
  const path = join(directory, 'plan.json');
  await writeFile(path, JSON.stringify(plan()));
  const prepared = await openChdbWarehouse({ directory: join(directory, 'warehouse') });
  await prepared.migrate();
  await prepared.close();

  for (const [batch, afterMs] of MOMENTS_MS.entries()) {
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'ignore'] });
    const begun = await killDuring(child, `weir.costs/0/${batch}`, afterMs);
    expect(begun).toContain(`begin weir.costs/0/${batch}`);
  }
  const last = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'ignore'] });
  expect((await killDuring(last, 'none', 0)).at(-1)).toBe('end');

  const warehouse = await openChdbWarehouse({ directory: join(directory, 'warehouse') });
  const totals = await ledgerTotals(warehouse);
  const counts = await facetCounts(warehouse);
  const ids = await warehouse.query('SELECT uniqExact(request_id) AS ids FROM weir.requests');
  await warehouse.close();
  const expected = sampleTotals(0, BATCHES * ROWS);
  expect(totals).toEqual(Object.fromEntries(Object.keys(totals).map((source) => [source, expected])));
  expect(new Set(Object.values(counts))).toEqual(new Set([expected.requests]));
  expect(ids.rows()).toEqual([{ ids: expected.requests }]);
});
