const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const COLON = 58;
const COMMA = 44;
/** Bounds the work on a hostile body that repeats a key without ever closing its value. */
const MAX_ATTEMPTS = 32;

/** First position at or after `at` that is not JSON white space. */
export function skipSpace(text: string, at: number): number {
  let position = at;
  for (; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
  }
  return position;
}

/** Position after the string literal that opens at `at`; -1 when it does not end. */
function skipString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end >= 0) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/** Position after the JSON value that starts at `at`; -1 when the text ends first. Does not validate the value. */
export function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return skipString(text, at);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let position = at;
    for (; position < text.length; position += 1) {
      const code = text.charCodeAt(position);
      if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 32) return position;
    }
    return -1;
  }
  let depth = 0;
  let position = at;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      position = skipString(text, position);
      if (position < 0) return -1;
      continue;
    }
    position += 1;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return position;
    }
  }
  return -1;
}

/** Start of the value of `key` in the object that opens at `at`; -1 when it is absent or the text ends first. */
function memberStart(text: string, at: number, key: string): number {
  if (text.charCodeAt(at) !== OPEN_BRACE) return -1;
  let position = skipSpace(text, at + 1);
  while (text.charCodeAt(position) === QUOTE) {
    const keyEnd = skipString(text, position);
    if (keyEnd < 0) return -1;
    const matches = keyEnd - position - 2 === key.length && text.startsWith(key, position + 1);
    const colon = skipSpace(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return -1;
    const value = skipSpace(text, colon + 1);
    if (matches) return value;
    const valueEnd = skipValue(text, value);
    if (valueEnd < 0) return -1;
    const comma = skipSpace(text, valueEnd);
    if (text.charCodeAt(comma) !== COMMA) return -1;
    position = skipSpace(text, comma + 1);
  }
  return -1;
}

/**
 * The text of the member at `path` of a JSON object, exactly as it stands; '' when absent. Works on a cut document as
 * long as the member itself is whole.
 */
export function cutMember(text: string, path: readonly string[]): string {
  let position = skipSpace(text, 0);
  for (const key of path) {
    position = memberStart(text, position, key);
    if (position < 0) return '';
  }
  const end = skipValue(text, position);
  return end < 0 ? '' : text.slice(position, end);
}

/** The text of the last member called `key` whose value is an object, anywhere in a fragment of JSON; '' when none. */
export function cutLastObject(text: string, key: string): string {
  const quoted = `"${key}"`;
  let attempts = 0;
  for (let at = text.lastIndexOf(quoted); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(quoted, at - 1)) {
    attempts += 1;
    if (attempts > MAX_ATTEMPTS) return '';
    if (text.charCodeAt(at - 1) === BACKSLASH) continue;
    const colon = skipSpace(text, at + quoted.length);
    if (text.charCodeAt(colon) !== COLON) continue;
    const value = skipSpace(text, colon + 1);
    if (text.charCodeAt(value) !== OPEN_BRACE) continue;
    const end = skipValue(text, value);
    if (end > 0) return text.slice(value, end);
  }
  return '';
}

/** The string value of the first member called `key` at or after `from`; undefined when there is none. */
export function stringAfter(text: string, key: string, from = 0): string | undefined {
  const quoted = `"${key}"`;
  for (let at = text.indexOf(quoted, from); at >= 0; at = text.indexOf(quoted, at + 1)) {
    if (text.charCodeAt(at - 1) === BACKSLASH) continue;
    const colon = skipSpace(text, at + quoted.length);
    if (text.charCodeAt(colon) !== COLON) continue;
    const value = skipSpace(text, colon + 1);
    if (text.charCodeAt(value) !== QUOTE) continue;
    const end = skipString(text, value);
    return end < 0 ? undefined : unquote(text, value, end);
  }
  return undefined;
}

function unquote(text: string, start: number, end: number): string | undefined {
  const inner = text.slice(start + 1, end - 1);
  if (!inner.includes('\\')) return inner;
  try {
    const value: unknown = JSON.parse(text.slice(start, end));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
