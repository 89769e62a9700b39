import { createReadStream } from 'node:fs';
import { errorMessage, WeirError } from '@weir/kernel';
import { BOOK_OPTIONS, bookOf } from '../../price/book-of.ts';
import { priceLines } from '../../price/price-lines.ts';
import { writeThrough } from '../../price/write-through.ts';
import type { Command, CommandInput } from '../command.ts';

export const price: Command = {
  name: 'price',
  usage: '[file…]',
  summary: 'Price usage: JSON lines in (files or standard input), one line of JSON out for each.',
  options: BOOK_OPTIONS,
  examples: [
    'npm start -- price < usage.jsonl > costs.jsonl',
    `echo '{"id":"1","provider":"openai","model":"gpt-4o","at":"2026-07-24T12:00:00Z","usage":{"input_tokens":5066,"output_tokens":2773}}' | npm start -- price`,
  ],
  run: runPrice,
};

/** Exit code 1 says that some line could not be read; an unknown price is an answer, not an error. */
async function runPrice(input: CommandInput): Promise<number> {
  const book = await bookOf(input);
  let refused = 0;
  for (const file of input.positionals.length === 0 ? ['-'] : input.positionals) {
    refused += await priceLines(file === '-' ? process.stdin : createReadStream(file), book, {
      write: (text) => writeThrough(process.stdout, text),
      refuse: (number, reason) => input.err(`weir: ${file === '-' ? '' : `${file} `}line ${number}: ${reason}`),
    }).catch((cause: unknown) => {
      throw new WeirError('CLI_FILE_UNREADABLE', `cannot read ${file}: ${errorMessage(cause)}`, { cause });
    });
  }
  if (refused > 0) input.err(`weir: ${refused} ${refused === 1 ? 'line' : 'lines'} could not be priced`);
  return refused === 0 ? 0 : 1;
}
