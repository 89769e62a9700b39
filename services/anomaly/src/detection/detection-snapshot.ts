import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { ANOMALY_STATE_VERSION } from '@weir/detectors';
import type { Assignment, LogRecord, Position } from '@weir/event-log';
import { WeirError } from '@weir/kernel';
import { decodeAnomalyLogRecord, encodeSnapshotPart, type SnapshotPart } from './anomaly-log-codec.ts';
import type { Detection } from './detection.ts';

/** Form of the state of `Detection` around that of the detector. */
const FORM = 1;
/** The form of a snapshot's content. */
const STATE = FORM * 1_000 + ANOMALY_STATE_VERSION;

/** Bytes of state in a record; in base64 well below the 1 MB that a Kafka broker takes by default. */
const PART_BYTES = 512 * 1024;
const READ_LIMITS = { maxRecords: 50, maxBytes: 16 * 1024 * 1024, waitMs: 1_000 };
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * A snapshot is a run of records in the detector's own log, behind the records it sums up; the commit of the offset it
 * reaches (`through`) names where it lies. A commit is fenced, so only the owner's snapshots are ever used, and nothing
 * removes records behind a committed offset.
 */
export interface SnapshotPlace {
  readonly id: string;
  readonly offset: number;
  readonly count: number;
}

export const placeToMetadata = ({ id, offset, count }: SnapshotPlace): string => `a1:${offset}:${count}:${id}`;

function placeFromMetadata(metadata: string): SnapshotPlace | undefined {
  const match = /^a1:(\d+):(\d+):(.+)$/.exec(metadata);
  return match === null ? undefined : { offset: Number(match[1]), count: Number(match[2]), id: match[3] ?? '' };
}

/** Appends the state as of `through`; resolves when it is durable. */
export async function writeSnapshot(
  state: Buffer,
  { id, through }: { readonly id: string; readonly through: number },
  append: (records: readonly LogRecord[]) => Promise<readonly Position[]>,
): Promise<SnapshotPlace> {
  const bytes = await compress(state, LEVEL);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  let offset = 0;
  for (let index = 0; index < count; index += 1) {
    const data = bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES).toString('base64');
    const value = encodeSnapshotPart({ id, index, count, through, state: STATE, sha256, data });
    // One by one: a batch has a limit of bytes.
    const positions = await append([{ key: 'snapshot', value, partition: 0 }]);
    if (index === 0) offset = positions[0]?.offset ?? 0;
  }
  return { id, offset, count };
}

/** The state as bytes: taken at once, so that what follows does not change it. */
export const stateBytes = (detection: Detection): Buffer => serialize(detection.save());

export type Restored =
  /** There was none: nothing has been committed. */
  | 'none'
  | 'restored'
  /** There is one, and this version cannot read it. */
  | 'unusable';

/** Restores the state that the commit names, and moves to the record after it was taken. @throws WeirError `ANOMALY_SNAPSHOT_LOST`. */
export async function restoreDetection(detection: Detection, assignment: Assignment): Promise<Restored> {
  const { committed } = assignment;
  const place = placeFromMetadata(committed?.metadata ?? '');
  if (committed === null || place === undefined) return 'none';
  const parts = await readParts(place, assignment);
  assignment.seek(committed.offset);
  if (assignment.signal.aborted) return 'none';
  const [first] = parts;
  if (first === undefined || first.state !== STATE) return 'unusable';
  const bytes = Buffer.concat(parts.map(({ data }) => Buffer.from(data, 'base64')));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== first.sha256) throw lost(place, 'its checksum does not match');
  try {
    detection.load(deserialize(await decompress(bytes)));
    return 'restored';
  } catch {
    // Whole, as its checksum says, and of another form: a version that did not say so.
    return 'unusable';
  }
}

async function readParts(place: SnapshotPlace, assignment: Assignment): Promise<SnapshotPart[]> {
  const parts = new Map<number, SnapshotPart>();
  const end = await assignment.endOffset();
  let next = place.offset;
  assignment.seek(next);
  while (parts.size < place.count && !assignment.signal.aborted) {
    if (next >= end) throw lost(place, `${parts.size} of ${place.count} parts`);
    const records = await assignment.read(READ_LIMITS);
    for (const record of records) {
      // Other writers' records may lie between the parts.
      const decoded = decodeAnomalyLogRecord(record.value);
      if (decoded.kind === 'snapshot' && decoded.id === place.id) parts.set(decoded.index, decoded);
    }
    next = (records.at(-1)?.offset ?? end) + 1;
  }
  return [...parts.values()].sort((a, b) => a.index - b.index);
}

const lost = (place: SnapshotPlace, what: string): WeirError =>
  new WeirError('ANOMALY_SNAPSHOT_LOST', `snapshot ${place.id} at ${place.offset}: ${what}`, {
    fix: 'Restore the log directory, or reset the group weir-anomaly-detector: it then learns from the warehouse.',
  });
