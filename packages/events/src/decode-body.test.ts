import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeBody } from './decode-body.ts';

const text = Buffer.from(JSON.stringify({ usage: { prompt_tokens: 12 }, padding: 'weir '.repeat(5_000) }));
const whole = (head: Buffer) => ({ head, tail: Buffer.alloc(0), bytes: head.length });

describe('decodeBody', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['identity', text],
    ['', text],
  ])('undoes %s', (encoding, bytes) => {
    const decoded = decodeBody(whole(bytes), encoding);
    expect(decoded.head.equals(text)).toBe(true);
    expect(decoded.bytes).toBe(text.length);
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
  ])('reads what a truncated %s body holds, and says that more is missing', (encoding, bytes) => {
    const cut = bytes.subarray(0, Math.floor(bytes.length / 2));
    const decoded = decodeBody({ head: cut, tail: Buffer.alloc(4), bytes: bytes.length }, encoding);
    expect(text.subarray(0, decoded.head.length).equals(decoded.head)).toBe(true);
    expect(decoded.bytes).toBeGreaterThan(decoded.head.length);
  });

  it('never throws', () => {
    expect(decodeBody(whole(Buffer.from('not gzip')), 'gzip').head).toHaveLength(0);
    expect(decodeBody(whole(Buffer.from('x')), 'rot13')).toMatchObject({ bytes: 1 });
  });
});
