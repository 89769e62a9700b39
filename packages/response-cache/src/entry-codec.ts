import { hash } from 'node:crypto';
import { WeirError } from '@weir/kernel';
import type { CachedAnswer, CacheKey } from './response-cache.ts';

/**
 * Layout of a stored entry: magic (4 bytes), length of the head (u32), head (JSON), body, SHA-256 of all before it. The
 * head names the key, so bytes that got under another key are found out as well as torn ones.
 */
const MAGIC = 0x57524331;
const PREFIX_BYTES = 8;
const DIGEST_BYTES = 32;

interface EntryHead extends Omit<CachedAnswer, 'body'> {
  readonly key: CacheKey;
}

export function encodeEntry(key: CacheKey, { body, ...answer }: CachedAnswer): Buffer {
  const head = Buffer.from(JSON.stringify({ key, ...answer } satisfies EntryHead));
  const bodyAt = PREFIX_BYTES + head.length;
  const entry = Buffer.allocUnsafeSlow(bodyAt + body.length + DIGEST_BYTES);
  entry.writeUInt32BE(MAGIC, 0);
  entry.writeUInt32BE(head.length, 4);
  head.copy(entry, PREFIX_BYTES);
  body.copy(entry, bodyAt);
  digestOf(entry).copy(entry, bodyAt + body.length);
  return entry;
}

/** @throws WeirError `CACHE_CORRUPT` when the bytes are not those of an entry of this key. */
export function decodeEntry(entry: Buffer, key: CacheKey): CachedAnswer {
  if (entry.length < PREFIX_BYTES + DIGEST_BYTES || entry.readUInt32BE(0) !== MAGIC) throw corrupt('no entry');
  const bodyAt = PREFIX_BYTES + entry.readUInt32BE(4);
  const bodyEnd = entry.length - DIGEST_BYTES;
  if (bodyAt > bodyEnd || !digestOf(entry).equals(entry.subarray(bodyEnd))) throw corrupt('checksum');
  const { key: stored, ...answer } = JSON.parse(entry.toString('utf8', PREFIX_BYTES, bodyAt)) as EntryHead;
  if (!sameKey(stored, key)) throw corrupt('another key');
  return { ...answer, body: entry.subarray(bodyAt, bodyEnd) };
}

/** The key in the first bytes of an entry; undefined when they do not reach that far, or are not those of one. */
export function entryKey(start: Buffer): CacheKey | undefined {
  if (start.length < PREFIX_BYTES || start.readUInt32BE(0) !== MAGIC) return undefined;
  const headEnd = PREFIX_BYTES + start.readUInt32BE(4);
  if (headEnd > start.length) return undefined;
  try {
    return (JSON.parse(start.toString('utf8', PREFIX_BYTES, headEnd)) as EntryHead).key;
  } catch {
    return undefined;
  }
}

function digestOf(entry: Buffer): Buffer {
  return hash('sha256', entry.subarray(0, entry.length - DIGEST_BYTES), 'buffer');
}

const sameKey = (one: CacheKey, other: CacheKey): boolean =>
  one.gateway === other.gateway &&
  one.account === other.account &&
  one.name === other.name &&
  one.chosen === other.chosen;

const corrupt = (what: string): WeirError => new WeirError('CACHE_CORRUPT', `a cached answer is not whole: ${what}`);
