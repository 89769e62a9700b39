import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, WeirError } from '@weir/kernel';

const BYTES_MAX = 64 * 1024 * 1024;
const FETCH_TIMEOUT_MS = 30_000;

export const isUrl = (source: string): boolean => /^https?:\/\//.test(source);

/** The bytes of a file or an address. @throws WeirError `PRICE_BOOK_UNREADABLE`. */
export async function fetchBytes(source: string, baseDirectory: string): Promise<Uint8Array> {
  try {
    return isUrl(source) ? await download(source) : await readSmallFile(resolve(baseDirectory, source));
  } catch (cause) {
    throw new WeirError('PRICE_BOOK_UNREADABLE', `cannot read ${source}: ${errorMessage(cause)}`, { cause });
  }
}

async function readSmallFile(file: string): Promise<Uint8Array> {
  const { size } = await stat(file);
  if (size > BYTES_MAX) throw new RangeError(`${size} bytes are too many`);
  return readFile(file);
}

async function download(url: string): Promise<Uint8Array> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
  if (!answer.ok || answer.body === null) throw new Error(`it answered ${answer.status}`);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body) {
    size += piece.byteLength;
    if (size > BYTES_MAX) throw new RangeError(`more than ${BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
