import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, WeirError } from '@weir/kernel';
import { embeddedPriceBook, loadPriceBook, type PriceBook, withTerms } from '@weir/pricing';
import type { Logger } from '@weir/telemetry';

export interface PriceBookSettings {
  /** File or URL; '' = the book of this release. */
  readonly priceBook: string;
  /** Hex; '' = not checked, which only a file may be. */
  readonly priceBookSha256: string;
  /** File of overrides and discounts; '' = none. */
  readonly priceTerms: string;
  /** What relative paths start from. */
  readonly baseDirectory: string;
}

const BYTES_MAX = 64 * 1024 * 1024;
const FETCH_TIMEOUT_MS = 30_000;
const VERSION_DIGITS = 12;
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\//;

/**
 * The price book to price by. A book that cannot be had or is not the one that was meant is reported, and the book of
 * this release stands in. Terms have nothing that could stand in for them: without them the start fails.
 * @throws WeirError `PRICE_BOOK_UNREADABLE`, `PRICE_BOOK_INVALID` for terms.
 */
export async function openPriceBook(settings: PriceBookSettings, logger: Logger): Promise<PriceBook> {
  const book = settings.priceBook === '' ? embeddedPriceBook() : await loadedBook(settings, logger);
  if (settings.priceTerms === '') return book;
  const bytes = await readBytes(settings.priceTerms, settings.baseDirectory);
  return withTerms(book, parse(bytes, settings.priceTerms), sha256(bytes).slice(0, VERSION_DIGITS));
}

async function loadedBook(settings: PriceBookSettings, logger: Logger): Promise<PriceBook> {
  const { priceBook: source, priceBookSha256: expected } = settings;
  try {
    if (isUrl(source) && (expected === '' || !(source.startsWith('https://') || LOOPBACK.test(source)))) {
      throw new WeirError('PRICE_BOOK_UNVERIFIED', `${source} has no SHA-256 or is not https`);
    }
    const bytes = await readBytes(source, settings.baseDirectory);
    const digest = sha256(bytes);
    if (expected !== '' && digest !== expected.toLowerCase()) {
      throw new WeirError('PRICE_BOOK_DIGEST', `${source} has SHA-256 ${digest}`);
    }
    const book = loadPriceBook(parse(bytes, source));
    logger.info({ version: book.version, models: book.modelCount, rows: book.rowCount }, 'price book loaded');
    return book;
  } catch (error) {
    const book = embeddedPriceBook();
    logger.error({ error, version: book.version }, 'price book not loaded: the one of this release stands in');
    return book;
  }
}

const isUrl = (source: string): boolean => /^https?:\/\//.test(source);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function readBytes(source: string, baseDirectory: string): Promise<Uint8Array> {
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

function parse(bytes: Uint8Array, source: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new WeirError('PRICE_BOOK_UNREADABLE', `${source} is not JSON: ${errorMessage(cause)}`, { cause });
  }
}
