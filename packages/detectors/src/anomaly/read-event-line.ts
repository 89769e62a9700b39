import { WeirError } from '@weir/kernel';
import { DIMENSIONS, type EventIds, type PricedEvent } from './priced-event.ts';
import { ByteNames } from './state/byte-names.ts';

type NumberField = 'ts' | 'id' | 'input' | 'cached' | 'output' | 'status' | 'attempt' | 'cost';

/** Names in the lines that differ from those of the event, and what their numbers are multiplied by. */
const NUMBERS: Readonly<Record<string, readonly [field: NumberField, factor: number]>> = {
  ts: ['ts', 1],
  id: ['id', 1],
  in: ['input', 1],
  cached: ['cached', 1],
  out: ['output', 1],
  status: ['status', 1],
  attempt: ['attempt', 1],
  cost_nusd: ['cost', 1_000],
};

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const COLON = 58;
const BACKSLASH = 92;
const BRACE = 125;
const ZERO = 48;
const NINE = 57;
const SPACE = 32;
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;
const BRACKET = 93;
const LOWER_A = 97;
const LOWER_Z = 122;

interface Field {
  readonly key: Uint8Array;
  /** Index of the dimension, or -1. */
  readonly dimension: number;
  readonly number: NumberField | undefined;
  readonly factor: number;
}

/**
 * Reads one priced event from a line of JSON without making an object or a text of it: lines of one writer have the
 * same fields in the same order, so each key is compared with the one that stood there last time.
 */
export class EventLineReader {
  readonly #names: ByteNames[];
  readonly #known: Field[];
  readonly #order: Field[] = [];
  readonly #text = new TextDecoder();
  readonly #empty: number[];

  constructor(ids: EventIds) {
    this.#names = DIMENSIONS.map((name) => new ByteNames(ids[name]));
    this.#empty = DIMENSIONS.map((name) => ids[name].idOf(''));
    for (const [at, name] of DIMENSIONS.entries()) ids[name].hold(this.#empty[at] as number);
    const encoder = new TextEncoder();
    this.#known = [
      ...DIMENSIONS.map((name, dimension) => ({ key: encoder.encode(name), dimension, number: undefined, factor: 1 })),
      ...Object.entries(NUMBERS).map(([name, [number, factor]]) => ({
        key: encoder.encode(name),
        dimension: -1,
        number,
        factor,
      })),
    ];
  }

  /** @throws WeirError `EVENT_LINE_INVALID`. */
  read(bytes: Uint8Array, start: number, end: number, into: PricedEvent): void {
    this.#clear(into);
    let at = start;
    let place = 0;
    while (at < end && bytes[at] !== QUOTE) at += 1;
    while (at < end && bytes[at] === QUOTE) {
      const keyEnd = this.#endOfText(bytes, at + 1, end);
      const field = this.#fieldAt(bytes, at + 1, keyEnd, place);
      place += 1;
      at = keyEnd + 1;
      while (at < end && (bytes[at] === COLON || bytes[at] === SPACE)) at += 1;
      at = this.#readValue(bytes, at, end, field, into);
      while (at < end && (bytes[at] === COMMA || bytes[at] === SPACE)) at += 1;
    }
    if (at >= end || bytes[at] !== BRACE || !(into.ts > 0)) throw this.#invalid(bytes, start, end);
  }

  #clear(into: PricedEvent): void {
    const empty = this.#empty;
    for (let at = 0; at < DIMENSIONS.length; at += 1) into[DIMENSIONS[at] as 'tenant'] = empty[at] as number;
    into.ts = 0;
    into.id = 0;
    into.input = 0;
    into.cached = 0;
    into.output = 0;
    into.status = 200;
    into.attempt = 1;
    into.cost = Number.NaN;
  }

  #fieldAt(bytes: Uint8Array, start: number, end: number, place: number): Field | undefined {
    const expected = this.#order[place];
    if (expected !== undefined && isSame(bytes, start, end, expected.key)) return expected;
    const field = this.#known.find(({ key }) => isSame(bytes, start, end, key));
    if (field !== undefined) this.#order[place] = field;
    return field;
  }

  #readValue(bytes: Uint8Array, at: number, end: number, field: Field | undefined, into: PricedEvent): number {
    const first = bytes[at] as number;
    if (first === QUOTE) return this.#readText(bytes, at + 1, end, field, into);
    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.#readNumber(bytes, at, end, field, into);
    // null, true and false leave what is usual; a cost that is null is unknown, which is what it starts as.
    return first === OPEN_BRACE || first === OPEN_BRACKET ? this.#skipNested(bytes, at, end) : skipWord(bytes, at, end);
  }

  #skipNested(bytes: Uint8Array, start: number, end: number): number {
    let depth = 0;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) at = this.#endOfText(bytes, at + 1, end);
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === BRACE || byte === BRACKET) depth -= 1;
      if (depth === 0) return at + 1;
    }
    return end;
  }

  #readText(bytes: Uint8Array, start: number, end: number, field: Field | undefined, into: PricedEvent): number {
    if (field === undefined || field.dimension < 0) return this.#endOfText(bytes, start, end) + 1;
    const names = this.#names[field.dimension] as ByteNames;
    into[DIMENSIONS[field.dimension] as 'tenant'] = names.read(bytes, start, end);
    return names.end + 1;
  }

  #readNumber(bytes: Uint8Array, start: number, end: number, field: Field | undefined, into: PricedEvent): number {
    let at = start;
    const negative = bytes[at] === MINUS;
    if (negative) at += 1;
    let value = 0;
    const digits = at;
    while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) {
      value = value * 10 + ((bytes[at] as number) - ZERO);
      at += 1;
    }
    if (at < end && bytes[at] !== COMMA && bytes[at] !== BRACE && bytes[at] !== SPACE) {
      while (at < end && bytes[at] !== COMMA && bytes[at] !== BRACE && bytes[at] !== SPACE) at += 1;
      value = Number(this.#text.decode(bytes.subarray(digits, at)));
      if (Number.isNaN(value)) return end;
    }
    if (field?.number !== undefined) into[field.number] = (negative ? -value : value) * field.factor;
    return at;
  }

  #endOfText(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    return at;
  }

  #invalid(bytes: Uint8Array, start: number, end: number): WeirError {
    const text = this.#text.decode(bytes.subarray(start, Math.min(end, start + 120)));
    return new WeirError('EVENT_LINE_INVALID', `not an event: ${text}`, {
      fix: 'Each line is one JSON object with at least "ts", in milliseconds; docs/anomalies.md lists the fields.',
    });
  }
}

function skipWord(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= LOWER_A && (bytes[at] as number) <= LOWER_Z) at += 1;
  return at;
}

function isSame(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let at = 0; at < key.length; at += 1) if (bytes[start + at] !== key[at]) return false;
  return true;
}
