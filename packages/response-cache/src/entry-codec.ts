import { crc32 } from 'node:zlib';
import { WeirError } from '@weir/kernel';
import type { CachedAnswer, CacheKey } from './response-cache.ts';

/*
 * A stored entry, little endian:
 *   u32 magic | u32 checksum | u32 bytes before the body | u32 body bytes | f64 stored at | f64 expires at | u32 flags |
 *   u32 texts | u32 length of each text (UTF-16 units) | the texts as UTF-8, one after the other | body
 * The texts are gateway, account, name, request id, then names and values of the headers. The checksum is CRC-32 of all that
 * follows it. An entry names its key, so bytes that got under another key are found out as well as torn ones.
 */
const MAGIC = 0x32435257;
const CHECKED_FROM = 8;
const FIXED_BYTES = 40;
const CHOSEN = 1;
const USAGE_ADDED = 2;
/** Texts before the headers. */
const OWN_TEXTS = 4;
const NO_BYTES = Buffer.alloc(0);

/** A view of `scratch` where that is large enough. */
export function encodeEntry(key: CacheKey, answer: CachedAnswer, scratch: Buffer = NO_BYTES): Buffer {
  const { headers, body } = answer;
  const texts = [key.gateway, key.account, key.name, answer.requestId, ...headers];
  const text = texts.join('');
  const textAt = FIXED_BYTES + texts.length * 4;
  const bodyAt = textAt + Buffer.byteLength(text);
  const bytes = bodyAt + body.length;
  const entry = bytes <= scratch.length ? scratch.subarray(0, bytes) : Buffer.allocUnsafe(bytes);
  entry.writeUInt32LE(MAGIC, 0);
  entry.writeUInt32LE(bodyAt, 8);
  entry.writeUInt32LE(body.length, 12);
  entry.writeDoubleLE(answer.storedAt, 16);
  entry.writeDoubleLE(answer.expiresAt, 24);
  entry.writeUInt32LE((key.chosen ? CHOSEN : 0) | (answer.usageAdded ? USAGE_ADDED : 0), 32);
  entry.writeUInt32LE(texts.length, 36);
  for (let index = 0; index < texts.length; index += 1) {
    entry.writeUInt32LE(texts[index]?.length ?? 0, FIXED_BYTES + index * 4);
  }
  entry.write(text, textAt);
  body.copy(entry, bodyAt);
  entry.writeUInt32LE(crc32(entry.subarray(CHECKED_FROM)), 4);
  return entry;
}

/** The body is a view of the entry. @throws WeirError `CACHE_CORRUPT` when the bytes are not those of an entry of this key. */
export function decodeEntry(entry: Buffer, key: CacheKey): CachedAnswer {
  const texts = isWhole(entry) ? readTexts(entry) : undefined;
  if (texts === undefined) throw corrupt('checksum');
  if (!sameKey(keyOf(entry, texts), key)) throw corrupt('another key');
  return {
    headers: texts.slice(OWN_TEXTS),
    body: entry.subarray(entry.readUInt32LE(8)),
    requestId: texts[3] ?? '',
    usageAdded: (entry.readUInt32LE(32) & USAGE_ADDED) !== 0,
    storedAt: entry.readDoubleLE(16),
    expiresAt: entry.readDoubleLE(24),
  };
}

/** The key in the first bytes of an entry; undefined when they do not reach that far, or are not those of one. */
export function entryKey(start: Buffer): CacheKey | undefined {
  const texts = readTexts(start);
  return texts === undefined ? undefined : keyOf(start, texts);
}

function isWhole(entry: Buffer): boolean {
  if (entry.length < FIXED_BYTES || entry.readUInt32LE(8) + entry.readUInt32LE(12) !== entry.length) return false;
  return crc32(entry.subarray(CHECKED_FROM)) === entry.readUInt32LE(4);
}

/** Undefined when this is not the start of an entry, or too little of it. */
function readTexts(start: Buffer): string[] | undefined {
  if (start.length < FIXED_BYTES || start.readUInt32LE(0) !== MAGIC) return undefined;
  const bodyAt = start.readUInt32LE(8);
  const count = start.readUInt32LE(36);
  const textAt = FIXED_BYTES + count * 4;
  if (bodyAt > start.length || textAt > bodyAt || count < OWN_TEXTS) return undefined;
  const text = start.toString('utf8', textAt, bodyAt);
  const texts: string[] = [];
  for (let index = 0, at = 0; index < count; index += 1) {
    const length = start.readUInt32LE(FIXED_BYTES + index * 4);
    texts.push(text.slice(at, at + length));
    at += length;
  }
  return texts;
}

const keyOf = (start: Buffer, [gateway = '', account = '', name = '']: readonly string[]): CacheKey => ({
  gateway,
  account,
  name,
  chosen: (start.readUInt32LE(32) & CHOSEN) !== 0,
});

const sameKey = (one: CacheKey, other: CacheKey): boolean =>
  one.gateway === other.gateway &&
  one.account === other.account &&
  one.name === other.name &&
  one.chosen === other.chosen;

const corrupt = (what: string): WeirError => new WeirError('CACHE_CORRUPT', `a cached answer is not whole: ${what}`);
