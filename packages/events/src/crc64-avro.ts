const EMPTY = 0xc15d213aa4d7a795n;

const TABLE: readonly bigint[] = Array.from({ length: 256 }, (_, index) => {
  let fingerprint = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) {
    fingerprint = (fingerprint >> 1n) ^ (EMPTY & -(fingerprint & 1n));
  }
  return BigInt.asUintN(64, fingerprint);
});

/** CRC-64-AVRO of bytes (Avro specification, "Schema Fingerprints"): unsigned 64 bits. */
export function crc64Avro(bytes: Uint8Array): bigint {
  let fingerprint = EMPTY;
  for (const byte of bytes) {
    const index = Number((fingerprint ^ BigInt(byte)) & 0xffn);
    fingerprint = (fingerprint >> 8n) ^ (TABLE[index] ?? 0n);
  }
  return fingerprint;
}
