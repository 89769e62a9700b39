/** One line of a text stream. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; null when it is longer than the limit. */
  readonly text: string | null;
}

/**
 * Splits a byte stream into lines, those of one chunk at a time. A line longer than `limit` characters is not kept, but
 * counted, so that a stream without line ends takes no memory (I7). LF and CRLF end a line; a BOM is dropped.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder('utf-8');
  let number = 0;
  let rest = '';
  let tooLong = false;
  const lineOf = (text: string): Line => {
    number += 1;
    const line = { number, text: tooLong || text.length > limit ? null : text.replace(/\r$/, '') };
    tooLong = false;
    return line;
  };
  for await (const chunk of chunks) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    yield pieces.map(lineOf);
    if (rest.length > limit) {
      tooLong = true;
      rest = '';
    }
  }
  rest += decoder.decode();
  if (rest !== '' || tooLong) yield [lineOf(rest)];
}
