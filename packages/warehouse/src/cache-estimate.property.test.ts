import { picoFromText, picoToText } from '@weir/kernel';
import { tempDirectory } from '@weir/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChdbWarehouse } from './drivers/chdb/index.ts';

/** A row of the ledger, as far as the estimate looks at it. */
interface Row {
  readonly feature: string;
  readonly key: string;
  /** Ms after the start of the scene. */
  readonly at: number;
  readonly durationMs: number;
  readonly attempt: number;
  readonly ok: boolean;
  /** Pico-dollars. */
  readonly cost: bigint | null;
}

interface Estimate {
  readonly requests: number;
  readonly hits: number;
  readonly saved: bigint;
  readonly unknown: number;
  readonly savedMs: number;
}

/** The cache itself, played in the plainest way. */
function play(rows: readonly Row[], ttlMs: number): Map<string, Estimate> {
  const estimates = new Map<string, Estimate>();
  const entries = new Map<string, { readonly from: number; readonly until: number }>();
  for (const row of rows) {
    const entry = entries.get(row.key);
    const hit = entry !== undefined && row.at < entry.until;
    const end = row.at + row.durationMs;
    if (!hit && row.ok) entries.set(row.key, { from: end, until: end + ttlMs });
    const asks = row.attempt === 1 ? 1 : 0;
    const before = estimates.get(row.feature) ?? { requests: 0, hits: 0, saved: 0n, unknown: 0, savedMs: 0 };
    estimates.set(row.feature, {
      requests: before.requests + asks,
      hits: before.hits + (hit ? asks : 0),
      saved: before.saved + (hit ? (row.cost ?? 0n) : 0n),
      unknown: before.unknown + (hit && row.cost === null ? 1 : 0),
      savedMs: before.savedMs + (hit ? Math.max(0, end - Math.max(row.at, entry.from)) : 0),
    });
  }
  return estimates;
}

describe('I4 the estimate of a cache', () => {
  let release: () => Promise<void>;
  let warehouse: Awaited<ReturnType<typeof openChdbWarehouse>>;
  beforeAll(async () => {
    const folder = await tempDirectory();
    warehouse = await openChdbWarehouse({ directory: folder.value });
    await warehouse.migrate();
    release = async () => {
      await warehouse.close();
      await folder.stop();
    };
  });
  afterAll(() => release());

  let scenes = 0;
  /** Each scene has a gateway of its own. */
  async function load(rows: readonly Row[]): Promise<string> {
    const gateway = `scene-${scenes++}`;
    const start = Date.now() - 3_600_000;
    const values = rows.map(({ feature, key, at, durationMs, attempt, ok, cost }, index) => {
      const id = `toUUID('00000000-0000-7000-8000-${String(index).padStart(12, '0')}')`;
      const money = cost === null ? 'NULL' : `toDecimal64('${picoToText(cost)}', 12)`;
      const outcome = ok ? "'ok', 200" : "'provider_error', 500";
      const time = `fromUnixTimestamp64Milli(toInt64(${start + at}), 'UTC')`;
      return `(${id}, 'acc', '${gateway}', '${feature}', '${key}', ${time}, ${durationMs}, ${attempt}, ${outcome}, true, ${money})`;
    });
    await warehouse.execute(
      `INSERT INTO weir.requests (request_id, account, gateway, feature, cache_key, ts, duration_ms, attempt, outcome, status, complete, cost_usd) VALUES ${values.join(', ')}`,
    );
    return gateway;
  }

  async function estimate(gateway: string, ttl: number): Promise<Map<string, Estimate>> {
    const sql = `SELECT feature, requests, hits, toString(saved_usd) AS saved, hits_of_unknown_cost, saved_seconds FROM weir.cache_estimate(ttl = ${ttl}, days = 7) WHERE gateway = '${gateway}'`;
    const rows = (await warehouse.query(sql)).rows() as Record<string, string>[];
    return new Map(
      rows.map((row) => [
        String(row['feature']),
        {
          requests: Number(row['requests']),
          hits: Number(row['hits']),
          saved: picoFromText(String(row['saved'])),
          unknown: Number(row['hits_of_unknown_cost']),
          savedMs: Math.round(Number(row['saved_seconds']) * 1_000),
        },
      ]),
    );
  }

  it('is what the cache would have done, to the row and to the last digit', async () => {
    const row = fc.record({
      feature: fc.constantFrom('chat', 'search', ''),
      key: fc.constantFrom('k1', 'k2', 'k3'),
      gap: fc.nat(9_000),
      durationMs: fc.nat(5_000),
      attempt: fc.constantFrom(1, 1, 1, 2),
      ok: fc.constantFrom(true, true, true, false),
      cost: fc.option(fc.bigInt(0n, 5_000_000_000_000n), { freq: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1, 5, 60),
        async (drawn, ttl) => {
          let at = 0;
          const rows = drawn.map(({ gap, ...rest }) => {
            at += gap + 1;
            return { ...rest, at };
          });
          expect(await estimate(await load(rows), ttl)).toEqual(play(rows, ttl * 1_000));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('says whether it pays', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => ({
      feature: index < 50 ? 'repeats' : 'never',
      key: index < 50 ? `r${index % 10}` : `n${index}`,
      at: index * 10,
      durationMs: 1,
      attempt: 1,
      ok: true,
      cost: 1_000_000n,
    }));
    const gateway = await load(rows);
    const sql = `SELECT feature, hit_rate, toString(saved_usd) AS saved, verdict FROM weir.cache_estimate(ttl = 60, days = 1) WHERE gateway = '${gateway}' ORDER BY feature`;
    expect((await warehouse.query(sql)).rows()).toEqual([
      { feature: 'never', hit_rate: 0, saved: '0', verdict: 'does not pay' },
      { feature: 'repeats', hit_rate: 0.8, saved: '0.00004', verdict: 'pays' },
    ]);
  });
});
