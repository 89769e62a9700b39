import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;

/** Calls `onLine` with where each line of a file (`-`: standard input, `.gz`: unpacked) stands in a buffer. */
export async function readLines(
  file: string,
  onLine: (bytes: Uint8Array, start: number, end: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let kept: Uint8Array = new Uint8Array(0);
  for await (const chunk of openChunks(file, signal)) {
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      if (end > start) onLine(bytes, start, end);
      start = end + 1;
    }
    kept = bytes.subarray(start);
  }
  if (kept.length > 0) onLine(kept, 0, kept.length);
}

function openChunks(file: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (file === '-') return process.stdin;
  const source = createReadStream(file, { highWaterMark: CHUNK_BYTES, signal });
  if (!file.endsWith('.gz')) return source;
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on('error', (error) => unpacked.destroy(error));
  return source.pipe(unpacked);
}
