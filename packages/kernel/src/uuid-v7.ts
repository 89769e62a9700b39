const POOL_BYTES = 4096;
const RANDOM_DIGITS = 18;
const VARIANTS = '89ab';

/** Makes UUIDv7 texts (RFC 9562 §5.7) from a clock; random digits are drawn by the page, for the hot path. */
export function createUuidV7(now: () => number = Date.now): () => string {
  const bytes = new Uint8Array(POOL_BYTES);
  let pool = '';
  let used = 0;
  let lastMs = 0;
  /** The time part, made anew each millisecond. */
  let prefix = '';
  let sequence = 0;

  return function uuidV7(): string {
    if (used + RANDOM_DIGITS > pool.length) {
      pool = Buffer.from(crypto.getRandomValues(bytes)).toString('hex');
      used = 0;
    }
    const at = used;
    used += RANDOM_DIGITS;
    const ms = Math.max(now(), lastMs);
    if (ms === lastMs) {
      // A 12-bit counter inside one millisecond keeps ids of one process in order.
      sequence = (sequence + 1) & 0xfff;
    } else {
      sequence = Number.parseInt(pool.slice(at, at + 2), 16) & 0x7f;
      lastMs = ms;
      const time = ms.toString(16).padStart(12, '0');
      prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    }
    const count = (0x1000 | sequence).toString(16).slice(1);
    const variant = VARIANTS[Number.parseInt(pool.charAt(at + 2), 16) & 3] ?? '8';
    return `${prefix}${count}-${variant}${pool.slice(at + 3, at + 6)}-${pool.slice(at + 6, at + RANDOM_DIGITS)}`;
  };
}

/** Milliseconds since the epoch held in a UUIDv7, or undefined when the text is not one. */
export function uuidV7Time(id: string): number | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
