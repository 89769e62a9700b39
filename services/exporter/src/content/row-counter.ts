import { picoFromText, picoToText } from '@weir/kernel';
import type { ExportFormat } from '../manifest/manifest.ts';
import { parquetRows } from './parquet-rows.ts';

/** Counts the rows of a file from its bytes, as an independent witness of what the warehouse said it sent. */
export interface RowCounter {
  add(chunk: Uint8Array): void;
  /** Undefined when the bytes are no whole file. */
  rows(): number | undefined;
}

/** A footer of 90 columns and 50 row groups has less than 1 MiB. */
const FOOTER_BYTES = 8 * 1024 * 1024;
const NEW_LINE = 0x0a;

export const createRowCounter = (format: ExportFormat): RowCounter =>
  format === 'parquet' ? createParquetCounter() : createLineCounter();

function createParquetCounter(): RowCounter {
  let chunks: Uint8Array[] = [];
  let kept = 0;
  let head = '';
  return {
    add(chunk) {
      if (head.length < 4) head += Buffer.from(chunk.subarray(0, 4 - head.length)).toString('latin1');
      chunks.push(chunk);
      kept += chunk.byteLength;
      // Whole chunks go while what stays is still enough.
      while (chunks.length > 1 && kept - (chunks[0]?.byteLength ?? 0) >= FOOTER_BYTES) {
        kept -= chunks[0]?.byteLength ?? 0;
        chunks = chunks.slice(1);
      }
    },
    rows: () => (head === 'PAR1' ? parquetRows(Buffer.concat(chunks)) : undefined),
  };
}

function createLineCounter(): RowCounter {
  let lines = 0;
  let last = NEW_LINE;
  return {
    add(chunk) {
      for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, at + 1)) lines += 1;
      last = chunk.at(-1) ?? last;
    },
    rows: () => (last === NEW_LINE ? lines : undefined),
  };
}

/** Σ of a column over JSON lines, in exact integers; for verification. Holds one line at a time. */
export function createLineSum(column: string): { add(chunk: Uint8Array): void; sum(): string } {
  let rest = '';
  let sum = 0n;
  const decoder = new TextDecoder();
  return {
    add(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const value = (JSON.parse(line) as Record<string, unknown>)[column];
        if (value !== null && value !== undefined) sum += picoFromText(String(value));
      }
    },
    sum: () => picoToText(sum),
  };
}
