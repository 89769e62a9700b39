/** How far a partition has been loaded, beside its offset; kept in the commit metadata. */
export interface Progress {
  /** Highest upstream offset accepted: what makes repeated events recognisable. -1 = none yet. */
  readonly highWater: number;
  /** Rises with each replay and is part of every token: else the warehouse would take the replay for a repeat. */
  readonly epoch: number;
  /** Records up to this offset were loaded before, perhaps: each is looked up in the ledger. -1 = no replay. */
  readonly replayUntil: number;
}

export const NO_PROGRESS: Progress = { highWater: -1, epoch: 0, replayUntil: -1 };

/**
 * What a loader writes into the commit metadata of a partition before it inserts: rows from the committed offset to
 * `end` may have landed under the token that names this range (reference: warehouse.md §2.3).
 */
export interface Seal {
  /** Last offset of the range, inclusive. */
  readonly end: number;
  /** Schema fingerprint of the range's records; '' for ranges that are not Avro. */
  readonly fingerprint: string;
  /** Wall clock, ms: whether the warehouse can still know the token. */
  readonly sealedAtMs: number;
  /** Rising offsets of records that were found in the ledger already: the rebuilt range leaves out the same ones. */
  readonly leftOut: readonly number[];
}

/** Kafka's limit for commit metadata is 4,096 bytes; the rest of a seal takes less than 200. */
export const LEFT_OUT_TEXT_MAX = 3_500;
const PREFIX = 's2';
const BASE = 36;

/** Text of the commit metadata. `progress` is that before the sealed range, or the newest when nothing is in doubt. */
export function writeSeal(seal: Seal | null, progress: Progress): string {
  const known = `${PREFIX}:${progress.highWater}:${progress.epoch}:${progress.replayUntil}`;
  if (seal === null) return known;
  return `${known}:${seal.end}:${seal.fingerprint}:${seal.sealedAtMs}:${writeOffsets(seal.leftOut)}`;
}

const FORM = /^s2:(-?\d+):(\d+):(-?\d+)(?::(\d+):([0-9a-f]*):(\d+):([0-9a-z.+]*))?$/;
/** Written by versions before 0.2: end, fingerprint, high-water mark. */
const FIRST_FORM = /^s1:(\d*):([0-9a-f]*):(-?\d+)$/;

/** Reads commit metadata; anything not written by `writeSeal` is "nothing sealed, nothing seen". */
export function readSeal(metadata: string): { readonly seal: Seal | null; readonly progress: Progress } {
  const first = FIRST_FORM.exec(metadata);
  if (first !== null) {
    const [, end = '', fingerprint = '', mark = '-1'] = first;
    const seal = end === '' ? null : { end: Number(end), fingerprint, sealedAtMs: 0, leftOut: [] };
    return { seal, progress: { ...NO_PROGRESS, highWater: Number(mark) } };
  }
  const match = FORM.exec(metadata);
  if (match === null) return { seal: null, progress: NO_PROGRESS };
  const [, highWater, epoch, replayUntil, end, fingerprint = '', sealedAtMs, leftOut = ''] = match;
  const progress = { highWater: Number(highWater), epoch: Number(epoch), replayUntil: Number(replayUntil) };
  if (end === undefined) return { seal: null, progress };
  return {
    seal: { end: Number(end), fingerprint, sealedAtMs: Number(sealedAtMs), leftOut: readOffsets(leftOut) },
    progress,
  };
}

/** Rising offsets as runs, each a distance from the run before and a length, in base 36: `3+a.1` is 3 to 13, then 15. */
export function writeOffsets(offsets: readonly number[]): string {
  const runs: string[] = [];
  let after = 0;
  for (let at = 0; at < offsets.length; ) {
    const start = offsets[at] ?? 0;
    let length = 1;
    while (offsets[at + length] === start + length) length += 1;
    const distance = (start - after).toString(BASE);
    runs.push(length === 1 ? distance : `${distance}+${(length - 1).toString(BASE)}`);
    after = start + length;
    at += length;
  }
  return runs.join('.');
}

function readOffsets(text: string): number[] {
  const offsets: number[] = [];
  let after = 0;
  for (const run of text === '' ? [] : text.split('.')) {
    const [distance = '0', more = '0'] = run.split('+');
    const start = after + Number.parseInt(distance, BASE);
    const length = 1 + Number.parseInt(more, BASE);
    for (let index = 0; index < length; index += 1) offsets.push(start + index);
    after = start + length;
  }
  return offsets;
}

/** The deduplication token of a range: it names the range and nothing else, so it may never name other rows. */
export function rangeToken(topic: string, partition: number, start: number, end: number, epoch: number): string {
  return `${epoch === 0 ? '' : `r${epoch}:`}${topic}/${partition}/${start}-${end}`;
}
