const EMPTY = Buffer.alloc(0);
/** A larger piece of an unfinished event is passed on: no usage chunk is so large. */
const HELD_BYTES_MAX = 64 * 1024;
/** What an event without choices has in it, as providers write it. */
const NO_CHOICES = [Buffer.from('"choices":[]'), Buffer.from('"choices": []')] as const;
/** How a blank line ends an event. */
const ENDINGS = ['\n\n', '\n\r\n', '\r\r'].map((text) => Buffer.from(text));
const ENDING_BYTES_MAX = 3;

/**
 * Withholds from an event stream the chunk that tells the usage and nothing else: empty `choices`, an object `usage`. All
 * other bytes pass unchanged, whole events at once; what has come of an unfinished one waits for its end, or until it is
 * too large to be that chunk.
 */
export class UsageFilter {
  #held: Buffer = EMPTY;
  /** The last bytes of an event that passes as it comes; undefined between events. */
  #passing: Buffer | undefined;

  /** What of the stream goes on now; may be empty. */
  push(chunk: Buffer): Buffer {
    if (this.#passing !== undefined) return this.#pass(chunk, this.#passing);
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = lastEnding(data);
    this.#held = data.subarray(end);
    const whole = withoutUsage(data.subarray(0, end));
    if (this.#held.length <= HELD_BYTES_MAX) return whole;
    const rest = this.#held;
    this.#held = EMPTY;
    this.#passing = rest.subarray(rest.length - ENDING_BYTES_MAX);
    return whole.length === 0 ? rest : Buffer.concat([whole, rest]);
  }

  /** What is left when the stream ends. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = EMPTY;
    return isUsageEvent(rest) ? EMPTY : rest;
  }

  #pass(chunk: Buffer, last: Buffer): Buffer {
    const data = Buffer.concat([last, chunk]);
    const end = firstEnding(data, 0);
    if (end < 0) {
      this.#passing = data.subarray(Math.max(0, data.length - ENDING_BYTES_MAX));
      return chunk;
    }
    this.#passing = undefined;
    const rest = this.push(data.subarray(end));
    return Buffer.concat([data.subarray(last.length, end), rest]);
  }
}

/** Whole events without those that tell the usage; the same buffer when there is none. */
export function withoutUsage(events: Buffer): Buffer {
  if (!NO_CHOICES.some((mark) => events.includes(mark))) return events;
  const kept: Buffer[] = [];
  let from = 0;
  for (let start = 0; start < events.length; ) {
    const ending = firstEnding(events, start);
    const end = ending < 0 ? events.length : ending;
    if (isUsageEvent(events.subarray(start, end))) {
      if (start > from) kept.push(events.subarray(from, start));
      from = end;
    }
    start = end;
  }
  if (from === 0) return events;
  kept.push(events.subarray(from));
  return kept.length === 1 ? (kept[0] ?? EMPTY) : Buffer.concat(kept);
}

function isUsageEvent(event: Buffer): boolean {
  if (!NO_CHOICES.some((mark) => event.includes(mark))) return false;
  const data = event
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length))
    .join('\n');
  try {
    const chunk: unknown = JSON.parse(data);
    if (typeof chunk !== 'object' || chunk === null || !('choices' in chunk) || !('usage' in chunk)) return false;
    const { choices, usage } = chunk;
    return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
  } catch {
    return false;
  }
}

/** Position after the first blank line from `at` on; -1 when there is none. */
function firstEnding(data: Buffer, at: number): number {
  let first = -1;
  for (const ending of ENDINGS) {
    const found = data.indexOf(ending, at);
    if (found >= 0 && (first < 0 || found + ending.length < first)) first = found + ending.length;
  }
  return first;
}

/** Position after the last blank line; 0 when there is none. */
function lastEnding(data: Buffer): number {
  let last = 0;
  for (const ending of ENDINGS) {
    const found = data.lastIndexOf(ending);
    if (found >= 0) last = Math.max(last, found + ending.length);
  }
  return last;
}
