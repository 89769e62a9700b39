/**
 * What a loader writes into the commit metadata of a partition before it inserts: rows from the committed offset to
 * `end` may have landed under the token that names this range (reference: warehouse.md §2.3).
 */
export interface Seal {
  /** Last offset of the range, inclusive. */
  readonly end: number;
  /** Schema fingerprint of the range's records; '' for ranges that are not Avro. */
  readonly fingerprint: string;
  /** Highest upstream offset accepted before the range: what makes repeated events recognisable on replay. */
  readonly highWater: number;
}

const PREFIX = 's1';

/** Text of the commit metadata; a null seal keeps the high-water mark only (nothing is in doubt). */
export function writeSeal(seal: Seal | null, highWater: number): string {
  return seal === null ? `${PREFIX}:::${highWater}` : `${PREFIX}:${seal.end}:${seal.fingerprint}:${seal.highWater}`;
}

/** Reads commit metadata; anything not written by `writeSeal` is "nothing sealed, nothing seen". */
export function readSeal(metadata: string): { readonly seal: Seal | null; readonly highWater: number } {
  const match = /^s1:(\d*):([0-9a-f]*):(-?\d+)$/.exec(metadata);
  if (match === null) return { seal: null, highWater: -1 };
  const [, end = '', fingerprint = '', mark = '-1'] = match;
  const highWater = Number(mark);
  return { seal: end === '' ? null : { end: Number(end), fingerprint, highWater }, highWater };
}

/** The deduplication token of a range: it names the range and nothing else, so it may never name other rows. */
export function rangeToken(topic: string, partition: number, start: number, end: number): string {
  return `${topic}/${partition}/${start}-${end}`;
}
