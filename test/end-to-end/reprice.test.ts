import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCodec, EVENTS } from '@weir/events';
import { Releasers } from '@weir/kernel';
import { freePort, spawnNode, tempDirectory } from '@weir/testkit';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { costBatch } from '@weir/warehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryRows } from '../support/running-weir.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const ROWS = 300;
const FRAME_BYTES = 10;
const releasers = new Releasers();
const WINDOW = ['--from', '2026-11-20', '--to', '2026-11-21'];
let directory: string;
let sqlUrl: string;

/** A ledger from an earlier run: 300 calls of house-model, each of 1,000 tokens in and 10 out, without a price. */
async function writeLedger(): Promise<void> {
  const warehouse = await openChdbWarehouse({ directory: join(directory, 'data/warehouse') });
  await warehouse.migrate();
  const codec = createCodec('cost');
  const encode = (event: Parameters<typeof codec.encode>[0]): Uint8Array => {
    const counts = { input_tokens: 1_000, output_tokens: 10, total_tokens: 1_010, usage: { input: 1_000, output: 10 } };
    const usage_raw = '{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010}';
    const unpriced = { cost_usd: null, cost_source: 'unpriced' as const, cost_input_usd: 0n, cost_output_usd: 0n };
    const models = { request_model: 'house-model', response_model: 'house-model', priced_model: '', cost_lines: [] };
    return codec.encode({ ...event, ...counts, ...unpriced, ...models, usage_raw }).subarray(FRAME_BYTES);
  };
  await warehouse.insert(costBatch({ schema: EVENTS.cost.schema, encode }, 'rows', 0, ROWS));
  await warehouse.close();
}

const book = (input: string): string =>
  JSON.stringify({
    format: 1,
    version: `house-${input}`,
    sources: [],
    providers: [{ id: 'openai', aliases: [], fallbacks: [], infer: [] }],
    models: { 'openai/house-model': { aliases: [] } },
    rows: {
      house: {
        model: 'openai/house-model',
        tier: 'standard',
        rates: { input: [input, 1_000_000], output: ['8.000001', 1_000_000] },
        confidence: 'agreed',
        source: 'test',
      },
    },
  });

async function command(...words: string[]) {
  const run = spawnNode(MAIN, [...words, '--config', join(directory, 'weir.yaml')], { cwd: directory });
  const code = await new Promise<number | null>((resolve) => run.child.once('close', resolve));
  return { code, output: run.output() };
}

beforeAll(async () => {
  const folder = await tempDirectory();
  releasers.add('folder', () => folder.stop());
  directory = folder.value;
  await writeLedger();
  const [ingress, sql, page] = [await freePort(), await freePort(), await freePort()];
  sqlUrl = `http://127.0.0.1:${sql}`;
  const config = { ingress: { port: ingress, workers: 1 }, sql: { port: sql }, console: { port: page } };
  // JSON is YAML.
  writeFileSync(join(directory, 'weir.yaml'), JSON.stringify({ ...config, logging: { format: 'json' } }));
  for (const input of ['2', '2.5']) writeFileSync(join(directory, `book-${input}.json`), book(input));
});
afterAll(() => releasers.stop());

describe('I4 I6 weir reprice', () => {
  it('opens the ledger itself when nothing runs, and a dry run changes nothing', async () => {
    const dry = await command('reprice', ...WINDOW, '--book', 'book-2.json', '--dry-run');
    expect(dry.output).toMatch(/house-model +300 +0 +0\.624000003 +0\.624000003 +300 +0/);
    expect(dry.output).toContain('300 of 300 rows would be corrected by 0.624000003 USD (book house-2)');
    expect(dry.code).toBe(0);
    const real = await command('reprice', ...WINDOW, '--book', 'book-2.json', '--json');
    expect(real.code).toBe(0);
    expect(real.output).toContain('"difference_usd":"0.624000003"');
  }, 120_000);

  it('goes through the Weir that holds the ledger, whose own SQL endpoint stays read-only', async () => {
    const weir = spawnNode(MAIN, ['up', '--config', join(directory, 'weir.yaml')], { cwd: directory });
    releasers.add('weir', async () => void (await weir.stop(30_000)));
    await weir.ready(/is running\./, 60_000);
    await expect(queryRows(sqlUrl, 'TRUNCATE TABLE cost_adjustments')).rejects.toThrow();
    const done = await command('reprice', ...WINDOW, '--book', 'book-2.5.json');
    expect(done.output).toContain('300 of 300 rows corrected by 0.15 USD (book house-2.5)');
    const again = await command('reprice', ...WINDOW, '--book', 'book-2.5.json');
    expect(again.output).toContain('0 of 300 rows corrected by 0 USD');
    const [sums] = await queryRows(
      sqlUrl,
      `SELECT (SELECT sum(cost_usd) FROM usage_1d) AS days, (SELECT sum(cost_usd) FROM usage_user_1d) AS users,
         (SELECT sum(unpriced) FROM usage_1h) AS unpriced, (SELECT count() FROM cost_adjustments) AS corrections`,
    );
    expect(sums).toEqual({ days: '0.774000003', users: '0.774000003', unpriced: '0', corrections: '600' });
    const missing = await command('reprice', '--book', 'book-2.json');
    expect(missing.output).toContain('there is no --from');
    expect(missing.code).toBe(1);
  }, 240_000);
});
