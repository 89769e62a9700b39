import { WeirError } from '@weir/kernel';
import { SIGHTING_NAMES, type Sighting } from './sighting.ts';

/** The internal topic that the detector is a function of: one partition, so that its order is one. */
export const ANOMALY_LOG_TOPIC = 'weir.anomaly-log';

/** Where a record comes from: a partition of weir.costs, and how many there are. */
export interface SightingSourcePlace {
  readonly partition: number;
  readonly partitions: number;
}

/** A record of it. JSON, because only this service reads it; `v` tells later forms apart. */
export type AnomalyLogRecord =
  /** Attempts of one partition, in the order of their offsets. */
  | ({ readonly kind: 'sightings'; readonly sightings: readonly Sighting[] } & SightingSourcePlace)
  /** All that had happened by `now` and is to come through the partition has come: silence is silence. */
  | ({ readonly kind: 'tick'; readonly now: number } & SightingSourcePlace)
  /** A part of the detector's state before offset `through`. */
  | (SnapshotPart & { readonly kind: 'snapshot' });

export interface SnapshotPart {
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly through: number;
  /** Form of the state: another one cannot be loaded. */
  readonly state: number;
  /** SHA-256 of the whole, hex. */
  readonly sha256: string;
  /** Base64. */
  readonly data: string;
}

/** A sighting with its names as indices of the record's table of names. */
type SightingJson = readonly [
  names: readonly number[],
  offset: number,
  requestId: string,
  ts: number,
  input: number,
  cached: number,
  output: number,
  status: number,
  attempt: number,
  cost: number | null,
];

type RecordJson =
  | {
      readonly v: 1;
      readonly p: number;
      readonly of: number;
      readonly names: readonly string[];
      readonly e: readonly SightingJson[];
    }
  | { readonly v: 1; readonly p: number; readonly of: number; readonly tick: number }
  | (SnapshotPart & { readonly v: 1; readonly kind: 'snapshot' });

export function encodeSightings(
  { partition, partitions }: SightingSourcePlace,
  sightings: readonly Sighting[],
): Buffer {
  const ids = new Map<string, number>();
  const idOf = (name: string): number => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    ids.set(name, ids.size);
    return ids.size - 1;
  };
  const e = sightings.map((one): SightingJson => {
    const names = SIGHTING_NAMES.map((name) => idOf(one[name]));
    const { offset, requestId, ts, input, cached, output, status, attempt, cost } = one;
    return [names, offset, requestId, ts, input, cached, output, status, attempt, cost];
  });
  return encode({ v: 1, p: partition, of: partitions, names: [...ids.keys()], e });
}

export const encodeTick = ({ partition, partitions }: SightingSourcePlace, now: number): Buffer =>
  encode({ v: 1, p: partition, of: partitions, tick: now });

export const encodeSnapshotPart = (part: SnapshotPart): Buffer => encode({ v: 1, kind: 'snapshot', ...part });

const encode = (json: RecordJson): Buffer => Buffer.from(JSON.stringify(json));

/** @throws WeirError `ANOMALY_LOG_CORRUPT`. */
export function decodeAnomalyLogRecord(value: Uint8Array): AnomalyLogRecord {
  let json: RecordJson;
  try {
    json = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')) as RecordJson;
  } catch (cause) {
    throw new WeirError('ANOMALY_LOG_CORRUPT', 'a record is not JSON', { cause });
  }
  if (json.v !== 1)
    throw new WeirError('ANOMALY_LOG_CORRUPT', `a record has version ${String((json as { v: unknown }).v)}`);
  if ('kind' in json) return json;
  const place = { partition: json.p, partitions: json.of };
  if ('tick' in json) return { kind: 'tick', now: json.tick, ...place };
  const { names } = json;
  return { kind: 'sightings', ...place, sightings: json.e.map((one) => sightingFrom(one, names)) };
}

function sightingFrom(
  [ids, offset, requestId, ts, input, cached, output, status, attempt, cost]: SightingJson,
  names: readonly string[],
): Sighting {
  const name = (at: number): string => names[ids[at] ?? -1] ?? '';
  return {
    offset,
    requestId,
    ts,
    tenant: name(0),
    env: name(1),
    feature: name(2),
    user: name(3),
    provider: name(4),
    model: name(5),
    prompt: name(6),
    key: name(7),
    tariff: name(8),
    input,
    cached,
    output,
    status,
    attempt,
    cost,
  };
}
