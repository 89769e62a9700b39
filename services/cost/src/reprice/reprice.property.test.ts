import type { CostEvent, RequestEvent } from '@weir/events';
import { picoToText, systemClock } from '@weir/kernel';
import { embeddedPriceBook, type PriceBook } from '@weir/pricing';
import { compareRollups, type Warehouse } from '@weir/warehouse';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deriveCost } from '../derive-cost.ts';
import { changedBook } from '../testing/sample-books.ts';
import { SAMPLE_KINDS, type SampleCall, sampleCallEvent } from '../testing/sample-calls.ts';
import { insertLedgerRows, startSampleLedger } from '../testing/sample-ledger.ts';
import { PARTS } from './booked-call.ts';
import { reprice } from './reprice.ts';

const DAY = Date.UTC(2026, 10, 20);
const WINDOW = { fromMs: DAY, toMs: DAY + 2 * 86_400_000 };
const MODELS = [
  'openai/gpt-4o',
  'openai/gpt-4o-mini',
  'anthropic/claude-sonnet-4-5',
  'google/gemini-2.5-pro',
  'openai/text-embedding-3-small',
];

let ledger: Awaited<ReturnType<typeof startSampleLedger>>;
let warehouse: Warehouse;
beforeAll(async () => {
  ledger = await startSampleLedger();
  warehouse = ledger.value.warehouse;
});
afterAll(() => ledger.stop());
beforeEach(() => empty());

async function empty(): Promise<void> {
  const tables = await warehouse.query(
    "SELECT name FROM system.tables WHERE database = 'weir' AND engine LIKE '%MergeTree' AND name != 'schema_migrations'",
  );
  for (const { name } of tables.rows<{ name: string }>()) await warehouse.execute(`TRUNCATE TABLE ${name}`);
}

const call = fc.record<SampleCall>({
  kind: fc.constantFrom(...SAMPLE_KINDS),
  ts: fc.integer({ min: DAY, max: WINDOW.toMs - 1 }),
  input: fc.integer({ min: 400, max: 300_000 }),
  cached: fc.nat({ max: 400 }),
  output: fc.nat({ max: 9_000 }),
  more: fc.constantFrom<Partial<RequestEvent>>(
    {},
    {},
    {},
    { cache_status: 'hit' },
    { custom_cost: '{"total_cost":0.25}' },
    {
      status: 500,
      outcome: 'provider_error',
      response_head: Buffer.from('{"error":{"message":"x"}}'),
      response_bytes: 25,
    },
    { gateway: 'batch', feature: '' },
  ),
});
const bookChange = fc.record({
  perMille: fc.dictionary(fc.constantFrom(...MODELS), fc.integer({ min: 0, max: 3_333 })),
  without: fc.subarray(MODELS, { maxLength: 2 }),
  from: fc.constantFrom(undefined, '2026-11-20T12:00:00Z', '2026-11-21T00:00:00Z', '2026-11-21T06:30:00.500Z'),
  houseModel: fc.boolean(),
});
type Change = typeof bookChange extends fc.Arbitrary<infer Value> ? Value : never;
const bookOf = ({ from, houseModel, ...change }: Change, version: string): PriceBook =>
  changedBook({
    ...change,
    version,
    ...(from === undefined ? {} : { from }),
    ...(houseModel ? { added: { 'openai/house-model': ['0.123456', '7.000001'] as const } } : {}),
  });

const run = (book: PriceBook, more: { readonly dryRun?: boolean; readonly chunkRows?: number } = {}) =>
  reprice({
    warehouse,
    book,
    clock: systemClock,
    signal: new AbortController().signal,
    dryRun: false,
    models: [],
    ...WINDOW,
    ...more,
  });

/** What the ledger says with its corrections: known cost, and how many are unknown. */
async function corrected(): Promise<{ usd: string; unpriced: string; rows: string }> {
  const result = await warehouse.query(
    `SELECT toString(sum(usd)) AS usd, toString(sum(unpriced)) AS unpriced, toString(sum(n)) AS rows FROM (
       SELECT toDecimal128(ifNull(r.cost_usd, 0), 12) AS usd, toInt64(isNull(r.cost_usd)) AS unpriced, 1 AS n FROM requests AS r FINAL
       UNION ALL SELECT toDecimal128(delta_usd, 12), toInt64(unpriced_delta), 0 FROM cost_adjustments FINAL)`,
  );
  return result.rows<{ usd: string; unpriced: string; rows: string }>()[0] ?? { usd: '', unpriced: '', rows: '' };
}

const sumOf = (rows: readonly CostEvent[]) => ({
  usd: picoToText(rows.reduce((sum, row) => sum + (row.cost_usd ?? 0n), 0n)),
  unpriced: String(rows.filter((row) => row.cost_usd === null).length),
  rows: String(rows.length),
});

/** The parts of the cost in the rollups, in the order of the columns. */
async function rolledUp(): Promise<unknown> {
  const sums = PARTS.map((part) => `toString(sum(${part}))`).join(', ');
  const sql = `SELECT [${sums}] AS parts FROM usage_1d`;
  return (await warehouse.query(sql)).rows<{ parts: unknown }>()[0]?.parts;
}

const partsOf = (rows: readonly CostEvent[]): string[] =>
  PARTS.map((part) => picoToText(rows.reduce((sum, row) => sum + row[part], 0n)));

describe('reprice', () => {
  it('I4 I6 gives the ledger that the other book would have given, to the last digit, and writes nothing twice', async () => {
    let everChanged = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 30, maxLength: 50 }),
        bookChange,
        bookChange,
        async (calls, a, b) => {
          await empty();
          const events = calls.map(sampleCallEvent);
          const priced = (book: PriceBook): CostEvent[] =>
            events.map((event, offset) => deriveCost(event, { partition: 0, offset }, book));
          const [first, second] = [bookOf(a, 'a'), bookOf(b, 'b')];
          const booked = priced(embeddedPriceBook());
          await insertLedgerRows(warehouse, 'rows', booked);
          expect(await corrected()).toEqual(sumOf(booked));

          expect((await run(embeddedPriceBook())).changedRows).toBe(0);
          for (const book of [first, second, embeddedPriceBook()]) {
            const dry = await run(book, { dryRun: true });
            const done = await run(book, { chunkRows: 15 });
            everChanged += done.changedRows;
            expect(await rolledUp()).toEqual(partsOf(priced(book)));
            expect(await corrected()).toEqual(sumOf(priced(book)));
            expect(dry.models).toEqual(done.models);
            expect((await run(book)).changedRows).toBe(0);
          }
          expect(await compareRollups(warehouse, WINDOW, WINDOW.toMs)).toEqual([]);
        },
      ),
      { numRuns: 3 },
    );
    expect(everChanged).toBeGreaterThan(50);
  }, 240_000);
});
