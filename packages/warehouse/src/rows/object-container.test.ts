import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeObjectContainer } from './object-container.ts';

const schema = { type: 'record', name: 'R', fields: [{ name: 'a', type: 'long' }] };

/** The reference: zigzag and base-128 of the Avro specification, over bigint. */
function avroLong(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value) << 1n;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return bytes;
}

describe('encodeObjectContainer', () => {
  it('lays out one block of bodies, each followed by partition and offset', () => {
    const file = encodeObjectContainer({
      kind: 'avro',
      schema,
      bodies: [Buffer.from([2]), Buffer.from([4])],
      partition: 3,
      offsets: [63, 64],
    });
    expect(file.subarray(0, 4).toString('latin1')).toBe('Obj\u0001');
    const sync = file.subarray(-16);
    const block = file.subarray(file.indexOf(sync) + 16, -16);
    expect([...block]).toEqual([4, 14, 2, 6, 126, 4, 6, 128, 1]);
    const text = file.toString('latin1');
    expect(text).toContain('{"name":"kafka_partition","type":"long"},{"name":"kafka_offset","type":"long"}]');
  });

  it('writes any offset as the specification does, and the same input as the same bytes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(65_535), fc.uint8Array({ maxLength: 20 }), (offset, partition, body) => {
        const rows = { kind: 'avro', schema, bodies: [body], partition, offsets: [offset] } as const;
        const file = encodeObjectContainer(rows);
        const record = [...body, ...avroLong(partition), ...avroLong(offset)];
        const sync = file.subarray(-16);
        const block = file.subarray(file.indexOf(sync) + 16, -16);
        expect([...block]).toEqual([2, ...avroLong(record.length), ...record]);
        expect(encodeObjectContainer(rows).equals(file)).toBe(true);
      }),
    );
  });
});
