/**
 * JSON text with line breaks and indents. The text is re-spaced, never re-written: numbers keep every digit and
 * strings their escapes. Text that is not one JSON value (an event stream) is returned as it is.
 * @param {string} text
 * @returns {string}
 */
export function prettyJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  let out = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') {
      depth += 1;
      const next = tokens[index + 1];
      out += next === '}' || next === ']' ? token : token + line();
    } else if (token === '}' || token === ']') {
      depth -= 1;
      const previous = tokens[index - 1];
      out += previous === '{' || previous === '[' ? token : line() + token;
    } else if (token === ',') {
      out += token + line();
    } else {
      out += token === ':' ? ': ' : token;
    }
  }
  return out;
}
