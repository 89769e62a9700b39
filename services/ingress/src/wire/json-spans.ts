/** Where a value stands in the bytes of a JSON text. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * The members of the object that begins at `at` (white space before it is skipped), names as they are written, the last of
 * equal ones: what `JSON.parse` keeps. Values are not looked into; undefined when the text is not an object.
 */
export function memberSpans(json: Buffer, at = 0): ReadonlyMap<string, JsonSpan> | undefined {
  const members = new Map<string, JsonSpan>();
  const open = skipSpace(json, at);
  if (json[open] !== OPEN_BRACE) return undefined;
  let position = skipSpace(json, open + 1);
  if (json[position] === CLOSE_BRACE) return members;
  for (;;) {
    if (json[position] !== QUOTE) return undefined;
    const nameEnd = skipString(json, position);
    const colon = skipSpace(json, nameEnd);
    if (nameEnd < 0 || json[colon] !== COLON) return undefined;
    const start = skipSpace(json, colon + 1);
    const end = skipValue(json, start);
    if (end < 0) return undefined;
    members.set(json.toString('utf8', position + 1, nameEnd - 1), { start, end });
    position = skipSpace(json, end);
    if (json[position] === CLOSE_BRACE) return members;
    if (json[position] !== COMMA) return undefined;
    position = skipSpace(json, position + 1);
  }
}

/** The elements of the array that begins at `at`; undefined when the text is not an array. */
export function elementSpans(json: Buffer, at = 0): readonly JsonSpan[] | undefined {
  const elements: JsonSpan[] = [];
  const open = skipSpace(json, at);
  if (json[open] !== OPEN_BRACKET) return undefined;
  let position = skipSpace(json, open + 1);
  if (json[position] === CLOSE_BRACKET) return elements;
  for (;;) {
    const end = skipValue(json, position);
    if (end < 0) return undefined;
    elements.push({ start: position, end });
    position = skipSpace(json, end);
    if (json[position] === CLOSE_BRACKET) return elements;
    if (json[position] !== COMMA) return undefined;
    position = skipSpace(json, position + 1);
  }
}

function skipSpace(json: Buffer, at: number): number {
  let position = at;
  for (; position < json.length; position += 1) {
    const byte = json[position];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return position;
}

/** Position after the value that begins at `at`; -1 when there is none, or the text ends first. */
function skipValue(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return skipString(json, at);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(json, at);
  let position = at;
  while (position < json.length && !endsScalar(json[position] ?? 0)) position += 1;
  return position === at ? -1 : position;
}

const endsScalar = (byte: number): boolean =>
  byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20;

function skipNested(json: Buffer, at: number): number {
  let depth = 0;
  for (let position = at; position < json.length; position += 1) {
    const byte = json[position];
    if (byte === QUOTE) {
      const end = skipString(json, position);
      if (end < 0) return -1;
      position = end - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return position + 1;
    }
  }
  return -1;
}

/** Position after the string that begins at `at`; -1 when it does not end. */
function skipString(json: Buffer, at: number): number {
  for (let from = at + 1; ; ) {
    const quote = json.indexOf(QUOTE, from);
    if (quote < 0) return -1;
    let before = quote - 1;
    while (before > at && json[before] === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
    from = quote + 1;
  }
}
