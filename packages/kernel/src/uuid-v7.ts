const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const POOL_BYTES = 4096;
const RANDOM_BYTES = 10;

/** Makes UUIDv7 texts (RFC 9562 §5.7) from a clock; random bytes are drawn by the page, for the hot path. */
export function createUuidV7(now: () => number = Date.now): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = 0;
  let sequence = 0;

  return function uuidV7(): string {
    if (used + RANDOM_BYTES > POOL_BYTES) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    const at = used;
    used += RANDOM_BYTES;
    const ms = Math.max(now(), lastMs);
    // A 12-bit counter inside one millisecond keeps ids of one process in order.
    sequence = ms === lastMs ? (sequence + 1) & 0xfff : (pool[at] ?? 0) & 0x7f;
    lastMs = ms;
    const hex = (byte: number): string => HEX[byte & 0xff] ?? '00';
    const random = (index: number): number => pool[at + index] ?? 0;
    const time = ms.toString(16).padStart(12, '0');
    return (
      `${time.slice(0, 8)}-${time.slice(8)}-7${(sequence >> 8).toString(16)}${hex(sequence)}-` +
      `${hex((random(1) & 0x3f) | 0x80)}${hex(random(2))}-` +
      `${hex(random(3))}${hex(random(4))}${hex(random(5))}${hex(random(6))}${hex(random(7))}${hex(random(8))}`
    );
  };
}

/** Milliseconds since the epoch held in a UUIDv7, or undefined when the text is not one. */
export function uuidV7Time(id: string): number | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
