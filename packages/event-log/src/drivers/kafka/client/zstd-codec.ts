import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from './kafkajs-internals.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** No honest batch is larger: the brokers' limit is on compressed bytes, so a small batch could claim any size. */
const MAX_BATCH_BYTES = 512 * 1024 * 1024;
/** What events shrink by, about. */
const RATIO = 4;

/** In one step where it can be: each chunk is a visit to another thread, and a copy in the end. */
const chunkBytes = (expected: number): number => Math.min(1024 * 1024, Math.max(16 * 1024, expected));

/** kafkajs knows zstd by name only; Node brings it. */
export function registerZstd(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => compress(buffer, { chunkSize: chunkBytes(buffer.length) }),
    decompress: (buffer: Buffer) =>
      decompress(buffer, { maxOutputLength: MAX_BATCH_BYTES, chunkSize: chunkBytes(buffer.length * RATIO) }),
  });
}
