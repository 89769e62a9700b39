import { picoToText } from '@weir/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InsertBatch, Warehouse } from '../warehouse.ts';
import { describeAudit } from './contract-audit.ts';
import { facetCounts, ledgerTotals, type Totals } from './ledger-totals.ts';
import { type SampleCost, sampleCost } from './sample-cost.ts';

export interface ContractWarehouse {
  readonly warehouse: Warehouse;
  release(): Promise<void>;
}

/** How a cost event becomes an Avro body (no frame), and its schema; of @weir/events, which this package cannot import. */
export interface CostEncoding {
  readonly schema: object;
  encode(event: SampleCost): Uint8Array;
}

const LARGE = 100_000;

/** A batch of `count` sample costs from `start`, under `token`. */
export function costBatch(encoding: CostEncoding, token: string, start: number, count: number): InsertBatch {
  const indexes = Array.from({ length: count }, (_unused, index) => start + index);
  const bodies = indexes.map((index) => encoding.encode(sampleCost(index)));
  return {
    table: 'requests',
    token,
    rows: { kind: 'avro', schema: encoding.schema, bodies, partition: 3, offsets: indexes },
  };
}

/** The sums that `count` sample costs from `start` have, in exact integers. */
export function sampleTotals(start: number, count: number): Totals {
  const costs = Array.from({ length: count }, (_unused, index) => sampleCost(start + index).cost_usd);
  return {
    requests: String(count),
    usd: picoToText(costs.reduce<bigint>((sum, cost) => sum + (cost ?? 0n), 0n)),
    unpriced: String(costs.filter((cost) => cost === null).length),
  };
}

/** W1 to W4 of the port, for one driver. `open` gives an empty warehouse. */
export function describeWarehouseContract(
  name: string,
  open: () => Promise<ContractWarehouse>,
  encoding: CostEncoding,
): void {
  describe(`warehouse contract: ${name}`, () => {
    let opened: ContractWarehouse;
    let warehouse: Warehouse;
    let inserted = 0;
    const add = async (count: number, token: string): Promise<InsertBatch> => {
      const batch = costBatch(encoding, token, inserted, count);
      await warehouse.insert(batch);
      inserted += count;
      return batch;
    };
    const expectTotals = async (): Promise<void> => {
      const totals = await ledgerTotals(warehouse);
      const expected = sampleTotals(0, inserted);
      expect(totals).toEqual(Object.fromEntries(Object.keys(totals).map((source) => [source, expected])));
      const counts = await facetCounts(warehouse);
      expect(counts).toEqual(Object.fromEntries(Object.keys(counts).map((source) => [source, String(inserted)])));
    };

    beforeAll(async () => {
      opened = await open();
      warehouse = opened.warehouse;
    });
    afterAll(() => opened.release());

    it('migrates, and migrates again without doing anything', async () => {
      const first = await warehouse.migrate();
      expect(first.map((migration) => migration.version)).toEqual(first.map((_migration, index) => index + 1));
      expect(first.length).toBeGreaterThan(0);
      expect(await warehouse.migrate()).toEqual([]);
      await warehouse.ping();
    });

    it('keeps every digit of the money, and no price as NULL (I4, I5)', async () => {
      await add(1000, 'weir.costs/3/0-999');
      await expectTotals();
      const result = await warehouse.query(
        'SELECT cost_usd, cost_input_usd, model, kafka_partition, kafka_offset, cost_lines, tag_items, outcome, finish_reasons, ts FROM weir.requests WHERE kafka_offset IN (2, 3) ORDER BY kafka_offset',
      );
      const [priced, unpriced] = [sampleCost(2), sampleCost(3)];
      expect(result.rows()).toEqual([
        {
          cost_usd: picoToText(priced.cost_usd ?? 0n),
          cost_input_usd: picoToText(priced.cost_input_usd),
          model: 'asked-model',
          kafka_partition: 3,
          kafka_offset: '2',
          cost_lines: priced.cost_lines.map((line) => ({
            ...line,
            per: String(line.per),
            amount_usd: line.amount_usd === null ? null : picoToText(line.amount_usd),
          })),
          tag_items: ['team=growth'],
          outcome: 'ok',
          finish_reasons: ['stop'],
          ts: '2026-11-20 10:00:00.240',
        },
        expect.objectContaining({ cost_usd: null, model: unpriced.response_model, cost_lines: [] }),
      ]);
    });

    it('takes a repeated token once, in the table and in every rollup (I3, W1)', async () => {
      const batch = await add(500, 'weir.costs/3/1000-1499');
      expect(await warehouse.insert(batch)).toMatchObject({ rows: 500 });
      await warehouse.insert(batch);
      await expectTotals();
    });

    it('takes different tokens both, also at the same time', async () => {
      const [one, two] = [costBatch(encoding, 'a', inserted, 300), costBatch(encoding, 'b', inserted + 300, 300)];
      await Promise.all([warehouse.insert(one), warehouse.insert(two)]);
      inserted += 600;
      await expectTotals();
    });

    it('moves the money of a correction into the rollups and leaves the rows', async () => {
      const { request_id, cost_usd } = sampleCost(13);
      expect(cost_usd).toBeNull();
      const batch: InsertBatch = {
        table: 'cost_adjustments',
        token: 'correction-13',
        rows: {
          kind: 'json',
          values: [
            {
              request_id,
              ts: '2026-11-20 10:00:01.560',
              account: 'acme',
              gateway: 'prod',
              env: 'production',
              feature: 'feature-3',
              user_id: 'u-2',
              api_key_id: 'key-1',
              prompt_fp: '0011223344556677',
              provider: 'openai',
              model: 'claude-sonnet-5',
              revision: 2,
              delta_usd: '0.000000000007',
              unpriced_delta: -1,
              reason: 'late_price',
              price_book_version: '2026-11-21',
              created_at: '2026-11-21 00:00:00.000',
            },
          ],
        },
      };
      const before = await ledgerTotals(warehouse);
      await warehouse.insert(batch);
      await warehouse.insert(batch);
      const after = await ledgerTotals(warehouse);
      expect(after['requests']).toEqual(before['requests']);
      const { requests: _table, ...rollups } = after;
      const moved = sampleTotals(0, inserted);
      const sum = await warehouse.query(
        'SELECT toDecimal128({usd:String}, 12) + toDecimal128({delta:String}, 12) AS usd',
        {
          params: { usd: moved.usd, delta: '0.000000000007' },
        },
      );
      const [{ usd } = { usd: '' }] = sum.rows<{ usd: string }>();
      const expected = { requests: moved.requests, usd, unpriced: String(Number(moved.unpriced) - 1) };
      expect(rollups).toEqual(Object.fromEntries(Object.keys(rollups).map((source) => [source, expected])));
      // The rest of the suite compares with the rows alone.
      const values = [
        {
          ...(batch.rows.kind === 'json' ? batch.rows.values[0] : {}),
          revision: 3,
          delta_usd: '-0.000000000007',
          unpriced_delta: 1,
        },
      ];
      await warehouse.insert({ ...batch, token: 'correction-13-back', rows: { kind: 'json', values } });
      await expectTotals();
    });

    describeAudit(() => warehouse);

    it('binds parameters, whatever they hold', async () => {
      const text = "'; DROP TABLE weir.requests; -- \\ \t\n\r {x:String} 漢字";
      const result = await warehouse.query(
        'SELECT {text:String} AS text, {list:Array(String)} AS list, {none:Nullable(String)} AS none, {big:UInt64} AS big, {money:Decimal(38, 12)} AS money, {flag:Bool} AS flag',
        {
          params: {
            text,
            list: [text, ''],
            none: null,
            big: 18_446_744_073_709_551_615n,
            money: '0.000000000001',
            flag: true,
          },
        },
      );
      expect(result.rows()).toEqual([
        { text, list: [text, ''], none: null, big: '18446744073709551615', money: '0.000000000001', flag: true },
      ]);
    });

    it('gives typed errors with the number of ClickHouse', async () => {
      await expect(warehouse.query('SELEC 1')).rejects.toMatchObject({
        code: 'WAREHOUSE_QUERY',
        retriable: false,
        details: { clickhouseCode: 62 },
      });
      await expect(warehouse.query('SELECT * FROM weir.nothing')).rejects.toMatchObject({
        code: 'WAREHOUSE_QUERY',
        details: { clickhouseCode: 60 },
      });
      await expect(warehouse.query('SELECT sleep(3)', { settings: { max_execution_time: 1 } })).rejects.toMatchObject({
        code: 'WAREHOUSE_TIMEOUT',
        retriable: true,
      });
      await expect(
        warehouse.insert({ table: 'ingest_batches', token: 'x', rows: { kind: 'json', values: [{ nothing: 1 }] } }),
      ).rejects.toMatchObject({ code: 'WAREHOUSE_DATA', retriable: false });
      await expect(
        warehouse.insert({ table: 'requests', token: 'x', rows: { kind: 'json', values: [] } }),
      ).rejects.toMatchObject({ code: 'WAREHOUSE_BATCH' });
    });

    it('refuses to write when asked to read only (W4)', async () => {
      const before = await ledgerTotals(warehouse);
      for (const sql of [
        'DROP TABLE weir.requests',
        "INSERT INTO weir.ingest_batches (topic) SELECT 'x'",
        'CREATE TABLE weir.other (a Int8) ENGINE = Memory',
        'ALTER TABLE weir.requests DELETE WHERE 1',
        'TRUNCATE TABLE weir.usage_1m',
      ]) {
        await expect(warehouse.query(sql, { readonly: true }), sql).rejects.toMatchObject({
          code: 'WAREHOUSE_READONLY',
        });
      }
      const allowed = await warehouse.query('SELECT 1 AS one', { readonly: true, settings: { max_execution_time: 9 } });
      expect(allowed.rows()).toEqual([{ one: 1 }]);
      expect(await ledgerTotals(warehouse)).toEqual(before);
    });

    it('ends a statement that its caller gives up', async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';
      const started = performance.now();
      await expect(warehouse.query(endless, { signal: controller.signal })).rejects.toMatchObject({
        code: 'WAREHOUSE_CANCELLED',
      });
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    it('streams lines and whole files, and takes 100,000 rows in one insert', async () => {
      await add(LARGE, 'large');
      await expectTotals();
      const read = async (format: string): Promise<Buffer> => {
        const chunks: Uint8Array[] = [];
        const sql = 'SELECT request_id, cost_usd FROM weir.requests';
        for await (const chunk of warehouse.stream(sql, { format, readonly: true })) chunks.push(chunk);
        return Buffer.concat(chunks);
      };
      expect((await read('JSONEachRow')).toString().trimEnd().split('\n')).toHaveLength(inserted);
      const parquet = await read('Parquet');
      expect([parquet.subarray(0, 4).toString(), parquet.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
    });

    it.each(['JSONEachRow', 'Parquet'])('says when a stream of %s breaks off', async (format) => {
      const read = async (): Promise<void> => {
        const sql = 'SELECT number, throwIf(number = 3000000) FROM numbers(6000000)';
        for await (const chunk of warehouse.stream(sql, { format })) void chunk;
      };
      await expect(read()).rejects.toMatchObject({ details: { clickhouseCode: 395 } });
    });
  });
}
