import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../shared/file-errors.ts';
import type { SealedSegment } from './topic-state.ts';

type Row = readonly [
  base: number,
  end: number,
  bytes: number,
  records: number,
  maxTimestampMs: number,
  revision: number,
];

/** The sealed segments of each partition, oldest first. */
export type Tables = readonly (readonly SealedSegment[])[];

/**
 * The tables of a topic, one immutable file per version: a change writes the next version, and becomes real when the
 * topic's counters name it. They change when a segment is sealed or removed, not with every append.
 */
export class SegmentTables {
  readonly #directory: string;
  #version = 0;
  #tables: Tables = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The tables of a version; undefined when a newer one has replaced it meanwhile. */
  load(version: number): Tables | undefined {
    if (version === this.#version) return this.#tables;
    try {
      const rows: Row[][] = JSON.parse(readFileSync(this.path(version), 'utf8'));
      this.#tables = rows.map((partition) => partition.map(segmentOf));
      this.#version = version;
      return this.#tables;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Writes a version that nothing names yet; the caller holds the topic's lock. */
  write(version: number, tables: Tables): void {
    writeFileSync(this.path(version), JSON.stringify(tables.map((partition) => partition.map(rowOf))));
  }

  remove(version: number): void {
    rmSync(this.path(version), { force: true });
  }

  path(version: number): string {
    return join(this.#directory, `segments-${version}.json`);
  }
}

/** The segment that holds `offset` or, when it is gone, the next one after it. */
export function segmentAt(segments: readonly SealedSegment[], offset: number): SealedSegment | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return segments[low];
}

function rowOf(segment: SealedSegment): Row {
  const { base, end, bytes, records, maxTimestampMs, revision } = segment;
  return [base, end, bytes, records, maxTimestampMs, revision];
}

function segmentOf([base, end, bytes, records, maxTimestampMs, revision]: Row): SealedSegment {
  return { base, end, bytes, records, maxTimestampMs, revision };
}
