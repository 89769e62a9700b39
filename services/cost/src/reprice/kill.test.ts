import { picoToText, systemClock, WeirError } from '@weir/kernel';
import { embeddedPriceBook } from '@weir/pricing';
import { spawnNode } from '@weir/testkit';
import { compareRollups, type Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveCost } from '../derive-cost.ts';
import type { KilledRepricing } from '../testing/reprice-until-killed.ts';
import { type BookChange, changedBook } from '../testing/sample-books.ts';
import { sampleCallEvent } from '../testing/sample-calls.ts';
import { insertLedgerRows, startSampleLedger } from '../testing/sample-ledger.ts';
import { reprice } from './reprice.ts';

const DAY = Date.UTC(2026, 10, 20);
const WINDOW = { fromMs: DAY, toMs: DAY + 2 * 86_400_000 };
const change = (perMille: number): BookChange => ({
  version: `book-${perMille}`,
  perMille: { 'openai/gpt-4o': perMille, 'anthropic/claude-sonnet-4-5': perMille + 7 },
});
const PROGRAM = new URL('../testing/reprice-until-killed.ts', import.meta.url).pathname;

const events = Array.from({ length: 600 }, (_unused, index) =>
  sampleCallEvent({
    kind: index % 2 === 0 ? 'chat' : 'anthropic',
    ts: DAY + index * 280_000,
    input: 1_000 + index,
    cached: index % 300,
    output: 10 + (index % 90),
  }),
);
const rowsBy = (book: Parameters<typeof deriveCost>[2]) =>
  events.map((event, offset) => deriveCost(event, { partition: 0, offset }, book));
const sumBy = (perMille: number): string =>
  picoToText(rowsBy(changedBook(change(perMille))).reduce((sum, row) => sum + (row.cost_usd ?? 0n), 0n));

let ledger: Awaited<ReturnType<typeof startSampleLedger>>;
let warehouse: Warehouse;
beforeAll(async () => {
  ledger = await startSampleLedger();
  warehouse = ledger.value.warehouse;
  await insertLedgerRows(warehouse, 'rows', rowsBy(embeddedPriceBook()));
});
afterAll(() => ledger.stop());

async function corrected(): Promise<string> {
  const sql = `SELECT toString((SELECT sum(toDecimal128(cost_usd, 12)) FROM requests FINAL) + (SELECT sum(toDecimal128(delta_usd, 12)) FROM cost_adjustments FINAL)) AS usd`;
  return (await warehouse.query(sql)).rows<{ usd: string }>()[0]?.usd ?? '';
}

/** As `warehouse`, until its `fatal`-th write, which is the last thing that happens: before it, or behind it. */
function dyingAt(fatal: number, behind: boolean): { readonly dying: Warehouse; readonly writes: () => number } {
  let writes = 0;
  const write = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    writes += 1;
    if (writes > fatal || (writes === fatal && !behind)) throw new WeirError('TEST_DIED', 'died');
    const result = await work();
    if (writes === fatal) throw new WeirError('TEST_DIED', 'died');
    return result;
  };
  const dying: Warehouse = {
    ...warehouse,
    insert: (batch) => write(() => warehouse.insert(batch)),
    execute: (statement, options) => write(() => warehouse.execute(statement, options)),
  };
  return { dying, writes: () => writes };
}

it('I3 I6 a repricing that dies at any of its writes is finished by the next, to the same sums', async () => {
  let [perMille, nowMs] = [1_500, Date.now()];
  const run = (of: Warehouse, version: number) => {
    // What died is silent for long enough.
    nowMs += 300_000;
    const clock = { now: () => nowMs, monotonic: () => systemClock.monotonic() };
    const book = changedBook(change(version));
    const signal = new AbortController().signal;
    return reprice({ warehouse: of, book, clock, signal, dryRun: false, models: [], ...WINDOW, chunkRows: 150 });
  };
  const whole = dyingAt(Number.POSITIVE_INFINITY, false);
  await run(whole.dying, perMille);
  expect(await corrected()).toBe(sumBy(perMille));
  for (let fatal = 2; fatal < whole.writes(); fatal += 5) {
    perMille += 1;
    await expect(run(dyingAt(fatal, fatal % 2 === 0).dying, perMille), String(fatal)).rejects.toMatchObject({
      code: 'TEST_DIED',
    });
    await run(warehouse, perMille);
    expect(await corrected(), String(fatal)).toBe(sumBy(perMille));
    expect(await compareRollups(warehouse, WINDOW, WINDOW.toMs), String(fatal)).toEqual([]);
    expect((await run(warehouse, perMille)).changedRows).toBe(0);
  }
}, 240_000);

it('I3 I6 kill -9 in the middle of a chunk: running it again gives the same ledger and the same rollups', async () => {
  await warehouse.close();
  const plan: KilledRepricing = { directory: ledger.value.directory, change: change(700), chunkRows: 100, ...WINDOW };
  const start = () => spawnNode(PROGRAM, [JSON.stringify(plan)], { env: { UV_THREADPOOL_SIZE: '16' } });
  for (const [chunk, afterMs] of [1, 5, 15, 40].entries()) {
    const child = start();
    await child.ready(new RegExp(`(landing[^]*){${Math.min(2, chunk + 1)}}`), 60_000);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await child.kill9();
  }
  const last = start();
  await last.ready(/end, \d+ settled/, 60_000);
  await last.ended();
  warehouse = await openChdbWarehouse({ directory: ledger.value.directory });
  expect(await corrected()).toBe(sumBy(700));
  expect(await compareRollups(warehouse, WINDOW, WINDOW.toMs)).toEqual([]);
  await warehouse.close();
}, 240_000);
