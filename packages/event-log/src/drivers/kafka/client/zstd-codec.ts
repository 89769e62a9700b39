import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
// Node sees only some of its names as exports: the module is CommonJS.
import kafkajs from 'kafkajs';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** No honest batch is larger: the brokers' limit is on compressed bytes, so a small batch could claim any size. */
const MAX_BATCH_BYTES = 512 * 1024 * 1024;

/** kafkajs knows zstd by name only; Node brings it. */
export function registerZstd(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => compress(buffer),
    decompress: (buffer: Buffer) => decompress(buffer, { maxOutputLength: MAX_BATCH_BYTES }),
  });
}
