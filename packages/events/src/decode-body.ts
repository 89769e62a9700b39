import { brotliDecompressSync, constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** A body as captured: `tail` is empty when `head` holds the whole; `bytes` is the size of the whole. */
export interface CapturedBytes {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly bytes: number;
}

/** A body never inflates beyond this, so that a small compressed one cannot exhaust memory. */
const INFLATED_BYTES_MAX = 64 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

const gzipPartial = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: INFLATED_BYTES_MAX };
const brotliPartial = { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: INFLATED_BYTES_MAX };
const zstdPartial = { finishFlush: constants.ZSTD_e_flush, maxOutputLength: INFLATED_BYTES_MAX };

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes, gzipPartial),
  'x-gzip': (bytes) => gunzipSync(bytes, gzipPartial),
  deflate: (bytes) => inflateSync(bytes, gzipPartial),
  br: (bytes) => brotliDecompressSync(bytes, brotliPartial),
  zstd: (bytes) => zstdDecompressSync(bytes, zstdPartial),
};

/**
 * Undoes `content-encoding`. A truncated compressed body gives what its head inflates to (nothing can be read from the
 * tail); an unknown encoding or broken bytes give an empty body. Never throws.
 */
export function decodeBody(body: CapturedBytes, encoding: string): CapturedBytes {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity' || body.bytes === 0) return body;
  const decoder = DECODERS[name];
  if (decoder === undefined) return { head: EMPTY, tail: EMPTY, bytes: body.bytes };
  try {
    const head = decoder(body.head);
    const whole = body.bytes <= body.head.length;
    return { head, tail: EMPTY, bytes: whole ? head.length : Math.max(body.bytes, head.length + 1) };
  } catch {
    return { head: EMPTY, tail: EMPTY, bytes: body.bytes };
  }
}
