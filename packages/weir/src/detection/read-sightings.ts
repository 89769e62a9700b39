import { type Sighting, type SightingSource, sightingOf } from '@weir/anomaly';
import { picoFromText } from '@weir/kernel';
import type { Warehouse } from '@weir/warehouse';
import { readLines } from '../price/read-lines.ts';

const DAY_MS = 86_400_000;
/** Lines between two looks at the rest of the process. */
const YIELD_EVERY = 2_000;

/** In the order of `COLUMNS`. */
type Row = readonly [
  offset: string,
  ts: string,
  requestId: string,
  account: string,
  gateway: string,
  env: string,
  feature: string,
  userId: string,
  provider: string,
  requestModel: string,
  responseModel: string,
  promptFp: string,
  apiKeyId: string,
  serviceTier: string,
  region: string,
  input: string,
  cached: string,
  output: string,
  status: number,
  attempt: number,
  outcome: SightingSource['outcome'],
  cacheStatus: SightingSource['cache_status'],
  cost: string | null,
  costSource: SightingSource['cost_source'],
  classes: readonly string[],
];

const COLUMNS = `toString(kafka_offset), toString(toUnixTimestamp64Milli(ts)), toString(request_id), toString(account),
  toString(gateway), toString(env), toString(feature), user_id, toString(provider), request_model, response_model, prompt_fp,
  toString(api_key_id), service_tier, region, toString(input_tokens), toString(cache_read_tokens), toString(output_tokens), status,
  attempt, toString(outcome), toString(cache_status), toString(cost_usd), toString(cost_source), arrayMap(l -> toString(l.1), cost_lines)`;

export interface SightingWindow {
  /** Half-open, of event time. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Rows of each partition of weir.costs beyond its offset are left out; undefined: none. */
  readonly marks?: ReadonlyMap<number, number>;
}

/** What detection reads of the ledger, in the order of time, a day at a time: memory stays bounded. */
export async function readSightings(
  warehouse: Warehouse,
  { fromMs, toMs, marks }: SightingWindow,
  visit: (sighting: Sighting) => void,
  signal: AbortSignal,
): Promise<number> {
  const within =
    marks === undefined
      ? ''
      : 'AND kafka_offset <= transform(kafka_partition, {p:Array(UInt16)}, {o:Array(UInt64)}, 0)';
  const known = { p: [...(marks?.keys() ?? [])], o: [...(marks?.values() ?? [])] };
  let rows = 0;
  for (let from = fromMs; from < toMs && !signal.aborted; from += DAY_MS) {
    const text = `SELECT ${COLUMNS} FROM requests FINAL
      WHERE revision = 1 AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        ${within} ORDER BY requests.ts, request_id`;
    const params = { from, to: Math.min(toMs, from + DAY_MS), ...(marks === undefined ? {} : known) };
    const chunks = warehouse.stream(text, { params, format: 'JSONCompactEachRow', signal });
    for await (const lines of readLines(chunks, Number.POSITIVE_INFINITY)) {
      for (const { text: line } of lines) {
        if (line === null) continue;
        const row = JSON.parse(line) as Row;
        const sighting = sightingOf(sourceOf(row), Number(row[0]));
        if (sighting !== undefined) visit(sighting);
        rows += 1;
        if (rows % YIELD_EVERY === 0) await new Promise(setImmediate);
      }
    }
  }
  return rows;
}

function sourceOf(row: Row): SightingSource {
  const [, ts, request_id, account, gateway, env, feature, user_id, provider, request_model, response_model] = row;
  const [prompt_fp, api_key_id, service_tier, region, input, cached, output, status, attempt] = row.slice(11, 20) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    number,
    number,
  ];
  const cost = row[22];
  return {
    request_id,
    ts: Number(ts),
    account,
    gateway,
    env,
    feature,
    user_id,
    provider,
    request_model,
    response_model,
    prompt_fp,
    api_key_id,
    service_tier,
    region,
    input_tokens: Number(input),
    cache_read_tokens: Number(cached),
    output_tokens: Number(output),
    status,
    attempt,
    outcome: row[20],
    cache_status: row[21],
    cost_usd: cost === null ? null : picoFromText(cost),
    cost_source: row[23],
    cost_lines: row[24].map((name) => ({ class: name })),
  };
}
