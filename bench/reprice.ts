/**
 * Repricing of many rows in the embedded ClickHouse engine: rows are made inside the engine, no two alike in their usage
 * unless asked, then priced by a book in which every rate has changed, and once more by the same book.
 *
 *   UV_THREADPOOL_SIZE=16 npx pnpm@10 exec node bench/reprice.ts [rows] [distinct usages]
 */
import { readFileSync } from 'node:fs';
import { reprice } from '@weir/cost';
import { systemClock } from '@weir/kernel';
import { loadPriceBook, type PriceBook } from '@weir/pricing';
import { tempDirectory } from '@weir/testkit';
import type { Warehouse } from '@weir/warehouse';
import { compareRollups } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { printTable } from './support/report.ts';

const ROWS = Number(process.argv[2] ?? 10_000_000);
const DISTINCT = Number(process.argv[3] ?? ROWS);
const FROM_MS = Date.UTC(2026, 10, 20);
const WINDOW = { fromMs: FROM_MS, toMs: FROM_MS + 5 * 86_400_000 };

/** Rows of three models over five days: chat with cached tokens, booked at nothing, so that each has a correction. */
async function makeRows(warehouse: Warehouse): Promise<void> {
  const step = 500_000;
  for (let at = 0; at < ROWS; at += step) {
    await warehouse.execute(
      `INSERT INTO requests (request_id, parent_id, attempt, ts, account, gateway, env, feature, user_id, api_key_id, revision,
         provider, pricing_provider, operation, request_model, response_model, priced_model, service_tier, prompt_fp, status, outcome,
         cache_status, duration_ms, input_tokens, output_tokens, total_tokens, cache_read_tokens, usage, usage_source, usage_raw,
         cost_usd, cost_source, price_book_version, cost_lines)
       WITH number % {distinct:UInt64} AS n, 1000 + n % 20000 AS input, n % 900 AS cached, 1 + intDiv(n, 20000) AS output,
         ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5'][1 + number % 3] AS named
       SELECT toUUID(concat('019a1b2c-3d4e-7f00-8000-', lower(leftPad(hex(number), 12, '0')))), toString(number), 1,
         fromUnixTimestamp64Milli(toInt64({from:Int64} + intDiv(number * 432000, {rows:UInt64}) * 1000 + number % 1000), 'UTC'),
         'acme', ['prod', 'batch'][1 + number % 2], 'production', concat('feature-', toString(number % 20)), concat('u-', toString(number % 5000)),
         concat('key-', toString(number % 9)), 1, if(number % 3 = 2, 'anthropic', 'openai') AS slug, slug, 'chat', named, named, named, 'default',
         lower(hex(sipHash64(number % 40))), 200, 'ok', 'none', 900, input, output, input + output, if(number % 3 = 2, 0, cached),
         map('input', toFloat64(input - if(number % 3 = 2, 0, cached)), 'output', toFloat64(output)), 'reported',
         if(number % 3 = 2,
           concat('{"input_tokens":', toString(input), ',"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":', toString(output), ',"service_tier":"standard"}'),
           concat('{"prompt_tokens":', toString(input), ',"completion_tokens":', toString(output), ',"total_tokens":', toString(input + output),
             ',"prompt_tokens_details":{"cached_tokens":', toString(cached), ',"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}')),
         toDecimal64(0.001, 12), 'computed', 'bench',
         [('input', toFloat64(input), 'token', '2.5', 1000000, 'bench', toDecimal64(0.001, 12))]
       FROM numbers({at:UInt64}, {count:UInt64})`,
      { params: { distinct: DISTINCT, from: FROM_MS, rows: ROWS, at, count: Math.min(step, ROWS - at) } },
    );
  }
}

async function totals(warehouse: Warehouse): Promise<string> {
  const result = await warehouse.query(
    `SELECT toString(count()) AS n, toString(sum(delta_usd)) AS usd, toString(sum(sipHash64(request_id, ts, revision, delta_usd, unpriced_delta, cost_usd, cost_lines))) AS digest
     FROM cost_adjustments`,
  );
  return JSON.stringify(result.rows()[0]);
}

const book = (): PriceBook =>
  loadPriceBook(JSON.parse(readFileSync(new URL('../packages/pricing/src/price-book.json', import.meta.url), 'utf8')));
const rows: Record<string, string>[] = [];
const directory = await tempDirectory();
const warehouse = await openChdbWarehouse({ directory: directory.value });
await warehouse.migrate();
console.log(`${ROWS.toLocaleString('en')} rows, ${DISTINCT.toLocaleString('en')} usages`);
await makeRows(warehouse);
const digests: string[] = [];
for (const pass of ['first', 'again', 'first, from the same start']) {
  if (pass.endsWith('start')) {
    await warehouse.execute('TRUNCATE TABLE cost_adjustments');
  }
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  let told = 0;
  const done = await reprice({
    warehouse,
    book: book(),
    clock: systemClock,
    signal: new AbortController().signal,
    dryRun: false,
    models: [],
    ...WINDOW,
    onProgress: ({ rows: at, ofRows }) => {
      if (at - told < ofRows / 10) return;
      told = at;
      console.log(`  ${pass}: ${at.toLocaleString('en')} of ${ofRows.toLocaleString('en')}`);
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  digests.push(await totals(warehouse));
  rows.push({
    pass,
    rows: done.rows.toLocaleString('en'),
    corrections: done.changedRows.toLocaleString('en'),
    seconds: seconds.toFixed(1),
    'processor time, s': ((cpu.user + cpu.system) / 1e6).toFixed(1),
    'µs a row': ((seconds * 1e6) / done.rows).toFixed(1),
    'resident MiB': Math.round(process.memoryUsage().rss / 1024 ** 2).toLocaleString('en'),
  });
  if (pass === 'again') {
    const drifts = await compareRollups(warehouse, WINDOW, WINDOW.toMs);
    if (drifts.length > 0)
      throw new Error(
        `rollups differ: ${JSON.stringify(drifts[0], (_key, value) => (typeof value === 'bigint' ? String(value) : value))}`,
      );
  }
}
printTable('reprice', rows);
if (new Set(digests).size !== 1) throw new Error(`not alike: ${digests.join(' ')}`);
console.log(`corrections alike in every digit: ${digests[0]}`);
await warehouse.close();
await directory.stop();
