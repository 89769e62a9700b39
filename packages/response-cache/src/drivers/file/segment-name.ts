import { readdirSync } from 'node:fs';

/** A file of entries. All that is in it has expired at `untilS`, wall clock in seconds. */
export interface Segment {
  readonly untilS: number;
  /** By chance: 32 bits. */
  readonly id: number;
}

const NAME = /^([0-9a-f]{8})-([0-9a-f]{8})\.entries$/;

export const segmentName = ({ untilS, id }: Segment): string => `${hex(untilS)}-${hex(id)}.entries`;

/** The segments of a directory; what expires first stands first. */
export function listSegments(directory: string): Segment[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const [, untilS, id] = NAME.exec(name) ?? [];
      return untilS === undefined || id === undefined ? [] : [{ untilS: fromHex(untilS), id: fromHex(id) }];
    })
    .sort((one, other) => one.untilS - other.untilS);
}

const hex = (number: number): string => number.toString(16).padStart(8, '0');
const fromHex = (text: string): number => Number.parseInt(text, 16);
