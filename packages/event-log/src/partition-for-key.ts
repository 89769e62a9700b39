const SEED = 0x9747b28c | 0;
const MULTIPLIER = 0x5bd1e995;
/** Keys up to this many UTF-16 units are encoded without allocating. */
const SCRATCH_UNITS = 256;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_UNITS * 3);

/**
 * MurmurHash2 (32 bit, signed) with the seed of Kafka's default partitioner, so that the same key lands in the same
 * partition whether the record goes to the embedded log or to a real broker.
 * Source: org.apache.kafka.common.utils.Utils#murmur2.
 */
export function murmur2(bytes: Uint8Array, length = bytes.length): number {
  const byte = (index: number): number => bytes[index] ?? 0;
  let hash = SEED ^ length;
  const tail = length & ~3;
  for (let index = 0; index < tail; index += 4) {
    let block = byte(index) | (byte(index + 1) << 8) | (byte(index + 2) << 16) | (byte(index + 3) << 24);
    block = Math.imul(block, MULTIPLIER);
    block = Math.imul(block ^ (block >>> 24), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ block;
  }
  const left = length - tail;
  if (left >= 3) hash ^= byte(tail + 2) << 16;
  if (left >= 2) hash ^= byte(tail + 1) << 8;
  if (left >= 1) hash = Math.imul(hash ^ byte(tail), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition of `key` among `partitions`, as Kafka's default partitioner chooses it for the key's UTF-8 bytes. */
export function partitionForKey(key: string, partitions: number): number {
  const hash = key.length <= SCRATCH_UNITS ? murmur2(scratch, scratch.write(key)) : murmur2(Buffer.from(key));
  return (hash & 0x7fffffff) % partitions;
}
