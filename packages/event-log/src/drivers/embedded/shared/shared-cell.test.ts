import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SharedCell } from './shared-cell.ts';

let directory: string;
let cell: SharedCell;
const path = (): string => join(directory, 'cell');
const slot = (index: number): string => `${path()}.${index}`;
const text = (from = cell): string | undefined => from.read()?.toString();
const write = (value: string): void => {
  cell.read();
  cell.write(Buffer.from(value));
};
/** As the next process finds it. */
const reopen = (): void => {
  cell.close();
  cell = new SharedCell(path());
};
/** The slot that was written last. */
const newest = (): string =>
  readFileSync(slot(0)).readDoubleLE(8) > readFileSync(slot(1)).readDoubleLE(8) ? slot(0) : slot(1);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-cell-'));
  cell = new SharedCell(path());
});
afterEach(() => {
  cell.close();
  rmSync(directory, { recursive: true });
});

describe('SharedCell', () => {
  it('has no value before the first write', () => {
    expect(cell.read()).toBeUndefined();
  });

  it('gives every reader the newest value, whatever its size', () => {
    const reader = new SharedCell(path());
    for (const value of ['a', 'b'.repeat(10_000), '', 'c'.repeat(100), 'd'.repeat(100_000)]) {
      write(value);
      expect(text()).toBe(value);
      expect(text(reader)).toBe(value);
      expect(reader.sequence).toBe(cell.sequence);
    }
    reader.close();
  });

  it.each(['cut short', 'garbled'])('gives the value before a write that was %s', (damage) => {
    write('first');
    write('second');
    write('third');
    if (damage === 'garbled') writeFileSync(newest(), readFileSync(newest()).fill(0xee, 18));
    else truncateSync(newest(), 18);
    reopen();
    expect(text()).toBe('second');
    write('again');
    expect(text()).toBe('again');
  });

  it('sees a write that it met half-way as soon as it is complete', () => {
    const reader = new SharedCell(path());
    write('first');
    write('second');
    expect(text(reader)).toBe('second');
    const before = readFileSync(slot(0)).equals(readFileSync(newest())) ? slot(1) : slot(0);
    const old = readFileSync(before);
    write('third, and longer');
    const complete = readFileSync(before);
    for (const bytes of [0, 3, 4, 7, 8, 15, 16, 20, 30]) {
      writeFileSync(before, Buffer.concat([complete.subarray(0, bytes), old.subarray(bytes)]));
      expect(text(reader)).toBe('second');
    }
    writeFileSync(before, complete);
    expect(text(reader)).toBe('third, and longer');
    reader.close();
  });

  it('finds a value that grew while another process was not looking', () => {
    const reader = new SharedCell(path());
    write('a');
    expect(text(reader)).toBe('a');
    write('b'.repeat(50_000));
    write('c'.repeat(60_000));
    expect(text(reader)).toBe('c'.repeat(60_000));
    write('d');
    expect(text(reader)).toBe('d');
    reader.close();
  });

  it('has no value when the first write was cut short', () => {
    write('first');
    truncateSync(newest(), 18);
    reopen();
    expect(cell.read()).toBeUndefined();
    write('first again');
    expect(text()).toBe('first again');
  });

  it('has disk blocks ahead of need, in both slots', () => {
    write('x'.repeat(5_000));
    for (const name of [slot(0), slot(1)]) expect(statSync(name).size).toBe(8_192);
  });

  it('says so when both slots are damaged', () => {
    write('first');
    write('second');
    for (const name of [slot(0), slot(1)]) writeFileSync(name, readFileSync(name).fill(0xee, 17));
    reopen();
    expect(() => cell.read()).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
  });
});
