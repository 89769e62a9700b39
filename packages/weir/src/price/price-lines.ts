import { errorMessage } from '@weir/kernel';
import { type PriceBook, priceRecord } from '@weir/pricing';
import { readLines } from './read-lines.ts';

/** Where the answers go. */
export interface LineSinks {
  /** Resolves when more may be written: a slow reader holds the whole back. */
  write(text: string): Promise<void>;
  /** A line that cannot be priced. */
  refuse(number: number, reason: string): void;
}

const LINE_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Prices JSON lines, one answer each; what is no record is refused and the rest goes on. Returns how many were refused. */
export async function priceLines(
  chunks: AsyncIterable<Uint8Array>,
  book: PriceBook,
  { write, refuse }: LineSinks,
): Promise<number> {
  let refused = 0;
  for await (const lines of readLines(chunks, LINE_CHARACTERS_MAX)) {
    const answers: string[] = [];
    for (const { number, text } of lines) {
      if (text !== null && text.trim() === '') continue;
      try {
        if (text === null) throw new RangeError(`it is longer than ${LINE_CHARACTERS_MAX} characters`);
        answers.push(`${JSON.stringify(priceRecord(book, JSON.parse(text)))}\n`);
      } catch (error) {
        refused += 1;
        refuse(number, errorMessage(error));
      }
    }
    if (answers.length > 0) await write(answers.join(''));
  }
  return refused;
}
