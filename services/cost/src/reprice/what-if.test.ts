import { picoFromText, picoToText, systemClock } from '@weir/kernel';
import { embeddedPriceBook } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveCost } from '../derive-cost.ts';
import { changedBook } from '../testing/sample-books.ts';
import { type SampleCall, sampleCallEvent } from '../testing/sample-calls.ts';
import { insertLedgerRows, startSampleLedger } from '../testing/sample-ledger.ts';
import type { OtherModel } from './price-call.ts';
import { publishRates } from './publish-rates.ts';
import { reprice } from './reprice.ts';
import { whatIf } from './what-if.ts';

const DAY = Date.UTC(2026, 10, 20);
const WINDOW = { fromMs: DAY, toMs: DAY + 86_400_000 };
const book = embeddedPriceBook();
const calls = Array.from({ length: 40 }, (_unused, index): SampleCall => {
  const feature = index % 2 === 0 ? 'search' : '';
  const call = { ts: DAY + index * 60_000, input: 1_001 + index * 7, cached: index * 3, output: 11 + index };
  return { kind: index % 4 === 3 ? 'anthropic' : 'chat', ...call, more: { feature } };
});
const events = calls.map(sampleCallEvent);
const rows = events.map((event, offset) => deriveCost(event, { partition: 0, offset }, book));

let ledger: Awaited<ReturnType<typeof startSampleLedger>>;
let warehouse: Warehouse;
beforeAll(async () => {
  ledger = await startSampleLedger();
  warehouse = ledger.value.warehouse;
  await insertLedgerRows(warehouse, 'rows', rows);
});
afterAll(() => ledger.stop());

const shared = { models: [], clock: systemClock, signal: new AbortController().signal, ...WINDOW };
const ask = (instead: ReadonlyMap<string, OtherModel>, more: { readonly atMs?: number } = {}) =>
  whatIf({ warehouse, book, instead, ...shared, ...more });
const total = (answer: Awaited<ReturnType<typeof ask>>): string =>
  picoToText(answer.groups.reduce((sum, { whatIfUsd }) => sum + whatIfUsd, 0n));
const onMini = new Map([['gpt-4o', { provider: '', model: 'gpt-4o-mini' }]]);

describe('whatIf', () => {
  it('I4 prices the same traffic on another model as if it had answered, by model and feature', async () => {
    const answer = await ask(onMini);
    const expected = events.map((event, offset) => {
      const body = event.response_head.toString().replace('gpt-4o-2024-08-06', 'gpt-4o-mini');
      const other = { ...event, response_head: Buffer.from(body), response_bytes: Buffer.byteLength(body) };
      return deriveCost(other, { partition: 0, offset }, book).cost_usd ?? 0n;
    });
    expect(total(answer)).toBe(picoToText(expected.reduce((sum, usd) => sum + usd, 0n)));
    expect(answer.groups.map(({ model, feature, rows: n }) => [model, feature, n])).toEqual([
      ['claude-sonnet-4-5-20250929', '', 10],
      ['gpt-4o-2024-08-06', '', 10],
      ['gpt-4o-2024-08-06', 'search', 20],
    ]);
    const booked = answer.groups.reduce((sum, { usd }) => sum + usd, 0n);
    expect(booked).toBe(rows.reduce((sum, row) => sum + (row.cost_usd ?? 0n), 0n));
  });

  it('I5 a model without a price makes the what-if unknown, not nothing', async () => {
    const answer = await ask(new Map([['', { provider: 'openai', model: 'no-such-model' }]]));
    expect(total(answer)).toBe('0');
    expect(answer.groups.reduce((sum, group) => sum + group.whatIfUnpriced, 0)).toBe(40);
  });

  it('I4 another date prices by the rates of that date; corrections count as what was paid', async () => {
    const doubled = changedBook({
      version: 'later',
      perMille: { 'openai/gpt-4o': 2_000 },
      from: '2026-12-01T00:00:00Z',
    });
    const now = await whatIf({ warehouse, book: doubled, instead: new Map(), ...shared });
    const later = await whatIf({
      warehouse,
      book: doubled,
      instead: new Map(),
      atMs: Date.UTC(2026, 11, 2),
      ...shared,
    });
    const chat = (answer: typeof now) =>
      answer.groups.filter(({ model }) => model.startsWith('gpt')).reduce((sum, { whatIfUsd }) => sum + whatIfUsd, 0n);
    expect(chat(later)).toBe(2n * chat(now));
    await reprice({
      warehouse,
      book: changedBook({ version: 'free', perMille: { 'openai/gpt-4o': 0 } }),
      dryRun: false,
      ...shared,
    });
    const paid = (await ask(onMini)).groups.filter(({ model }) => model.startsWith('gpt')).map(({ usd }) => usd);
    expect(paid).toEqual([0n, 0n]);
  });

  it('I4 the view what_if gives the same sums in SQL', async () => {
    await publishRates(warehouse, book);
    const sql = `SELECT toString(sum(what_if_usd)) AS usd, toString(countIf(what_if_usd IS NULL)) AS unknown
      FROM what_if(provider = 'openai', model = 'gpt-4o-mini', at = '2026-11-20 12:00:00')`;
    const [row] = (await warehouse.query(sql)).rows<{ usd: string; unknown: string }>();
    const answer = await ask(new Map([['', { provider: 'openai', model: 'gpt-4o-mini' }]]));
    expect(picoFromText(row?.usd ?? '')).toBe(picoFromText(total(answer)));
    expect(row?.unknown).toBe(String(answer.groups.reduce((sum, group) => sum + group.whatIfUnpriced, 0)));
  });
});
