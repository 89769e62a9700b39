import { describe, expect, it } from 'vitest';
import { murmur2, partitionForKey } from './partition-for-key.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('murmur2', () => {
  // The vectors of Kafka's own UtilsTest#testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('hashes %s as Kafka does', (text, expected) => {
    expect(murmur2(bytes(text))).toBe(expected);
  });

  it("hashes the bytes 'abc' as Kafka does", () => {
    expect(murmur2(Uint8Array.of(0x61, 0x62, 0x63))).toBe(479470107);
  });
});

describe('partitionForKey', () => {
  it('maps a negative hash to a partition as Kafka does: sign bit cleared, then modulo', () => {
    expect(partitionForKey('21', 12)).toBe((-973932308 & 0x7fffffff) % 12);
  });

  it('hashes long keys and keys beyond ASCII by their UTF-8 bytes', () => {
    for (const key of ['ключ', '🔑'.repeat(100), 'k'.repeat(256), 'k'.repeat(257), 'ü'.repeat(5_000)]) {
      expect(partitionForKey(key, 1_000)).toBe((murmur2(bytes(key)) & 0x7fffffff) % 1_000);
    }
  });

  it('spreads keys over all partitions', () => {
    const seen = new Set(Array.from({ length: 500 }, (_, index) => partitionForKey(`key-${index}`, 6)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
