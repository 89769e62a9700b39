import avro from 'avsc';

const BYTES = 8;

/** Avro `decimal(18,12)` as bigint pico-dollars: 8 bytes, two's complement, big-endian (Avro specification). */
export class PicoDecimal extends avro.types.LogicalType {
  protected override _fromValue(bytes: Buffer): bigint {
    if (bytes.length === BYTES) return bytes.readBigInt64BE(0);
    // Another writer may use fewer or more bytes: the specification allows any length.
    return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex') || '0'}`));
  }

  protected override _toValue(amount: unknown): Buffer | undefined {
    if (typeof amount !== 'bigint' || BigInt.asIntN(64, amount) !== amount) return undefined;
    const bytes = Buffer.allocUnsafe(BYTES);
    bytes.writeBigInt64BE(amount, 0);
    return bytes;
  }

  /** What an earlier schema wrote: the same type, or bytes that did not say so. */
  protected override _resolve(writer: avro.Type): ((value: unknown) => bigint) | undefined {
    if (writer instanceof PicoDecimal) return (value) => value as bigint;
    return avro.Type.isType(writer, 'bytes') ? (value) => this._fromValue(value as Buffer) : undefined;
  }
}
