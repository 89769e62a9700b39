import type { Warehouse } from '@weir/warehouse';
import type { KnownIds } from './range/settle-suspects.ts';

/** What the loader asks the ledger. */
export interface LedgerLookup {
  readonly knownIds: KnownIds;
  recentIds(partition: number, fromOffset: number): Promise<readonly string[]>;
  countRows(partition: number, start: number, end: number): Promise<number>;
  remembersTokenOf(sealedAtMs: number): Promise<boolean>;
}

/** Half of the deduplication window of `requests` (infra/clickhouse/migrations/0001_ledger.sql). */
const TOKENS_REMEMBERED = 50_000;
/** A replicated table forgets tokens with time too (`replicated_deduplication_window_seconds`). */
const REMEMBERED_MS = 24 * 3_600_000;
/** Ids of one question: a statement of about 200 KB. */
const IDS_AT_A_TIME = 4_000;

export function createLedgerLookup(warehouse: Warehouse, now: () => number): LedgerLookup {
  const first = async <Row>(sql: string, params: Readonly<Record<string, number | string>>): Promise<Row | undefined> =>
    (await warehouse.query(sql, { params })).rows<Row>()[0];
  return {
    async knownIds(identities) {
      const known = new Set<string>();
      for (let at = 0; at < identities.length; at += IDS_AT_A_TIME) {
        const some = identities.slice(at, at + IDS_AT_A_TIME);
        for (const id of await knownAmong(warehouse, some)) known.add(id);
      }
      return known;
    },
    async recentIds(partition, fromOffset) {
      const result = await warehouse.query(
        `SELECT toString(request_id) AS id FROM requests
         WHERE kafka_partition = {partition:UInt16} AND kafka_offset >= {from:UInt64} ORDER BY kafka_offset`,
        { params: { partition, from: fromOffset } },
      );
      return result.rows<{ id: string }>().map(({ id }) => id);
    },
    async countRows(partition, start, end) {
      const row = await first<{ n: string }>(
        `SELECT uniqExact(request_id) AS n FROM requests
         WHERE kafka_partition = {partition:UInt16} AND kafka_offset BETWEEN {start:UInt64} AND {end:UInt64}`,
        { partition, start, end },
      );
      return Number(row?.n ?? 0);
    },
    async remembersTokenOf(sealedAtMs) {
      if (now() - sealedAtMs > REMEMBERED_MS) return false;
      const since = new Date(sealedAtMs).toISOString().replace('T', ' ').replace('Z', '');
      const row = await first<{ n: string }>(
        `SELECT count() AS n FROM ingest_batches
         WHERE table = 'requests' AND inserted_at >= {since:DateTime64(3,'UTC')}`,
        { since },
      );
      return Number(row?.n ?? 0) < TOKENS_REMEMBERED;
    },
  };
}

async function knownAmong(
  warehouse: Warehouse,
  identities: readonly { readonly id: string; readonly ts: number }[],
): Promise<readonly string[]> {
  const times = identities.map(({ ts }) => ts);
  // Validated UUIDs: hexadecimal digits and hyphens only.
  const ids = identities.map(({ id }) => `'${id}'`).join(',');
  const result = await warehouse.query(
    `SELECT DISTINCT toString(request_id) AS id FROM requests
     WHERE ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC')
       AND request_id IN (${ids})`,
    { params: { from: Math.min(...times), to: Math.max(...times) }, settings: { max_query_size: 1_048_576 } },
  );
  return result.rows<{ id: string }>().map(({ id }) => id);
}
