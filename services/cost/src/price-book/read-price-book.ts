import { createHash } from 'node:crypto';
import { errorMessage, WeirError } from '@weir/kernel';
import { embeddedPriceBook, loadPriceBook, type PriceBook, withTerms } from '@weir/pricing';
import { fetchBytes, isUrl } from './fetch-bytes.ts';
import { verifySignature } from './verify-signature.ts';

export interface PriceBookSettings {
  /** File or URL; '' = the book of this release. */
  readonly priceBook: string;
  /** Hex; '' = not checked, which only a file may be. */
  readonly priceBookSha256: string;
  /** Ed25519 public key that signed the book, its signature beside it as `….sig`; '' = not checked. */
  readonly priceBookKey?: string;
  /** File of overrides and discounts; '' = none. */
  readonly priceTerms: string;
  /** What relative paths start from. */
  readonly baseDirectory: string;
}

const VERSION_DIGITS = 12;
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\//;

/**
 * The price book of the settings, verified, with the terms of one's own.
 * @throws WeirError `PRICE_BOOK_UNREADABLE`, `PRICE_BOOK_DIGEST`, `PRICE_BOOK_SIGNATURE`, `PRICE_BOOK_UNVERIFIED`,
 * `PRICE_BOOK_INVALID`.
 */
export async function readPriceBook(settings: PriceBookSettings): Promise<PriceBook> {
  const book = settings.priceBook === '' ? embeddedPriceBook() : await readVerifiedBook(settings);
  return withTermsOf(book, settings);
}

/** A book from a file or an address that has the digest and the signature it must have. */
export async function readVerifiedBook(settings: PriceBookSettings): Promise<PriceBook> {
  const { priceBook: source, priceBookSha256: expected, priceBookKey: key = '', baseDirectory } = settings;
  const verified = expected !== '' || key !== '';
  if (isUrl(source) && !(verified && (source.startsWith('https://') || LOOPBACK.test(source)))) {
    throw new WeirError('PRICE_BOOK_UNVERIFIED', `${source} has no SHA-256 and no signature, or is not https`);
  }
  const bytes = await fetchBytes(source, baseDirectory);
  const digest = sha256(bytes);
  if (expected !== '' && digest !== expected.toLowerCase()) {
    throw new WeirError('PRICE_BOOK_DIGEST', `${source} has SHA-256 ${digest}`);
  }
  if (key !== '') verifySignature(source, bytes, await fetchBytes(signatureOf(source), baseDirectory), key);
  return loadPriceBook(parse(bytes, source));
}

/** The book with the terms of the settings, named in its version. */
export async function withTermsOf(book: PriceBook, settings: PriceBookSettings): Promise<PriceBook> {
  if (settings.priceTerms === '') return book;
  const bytes = await fetchBytes(settings.priceTerms, settings.baseDirectory);
  return withTerms(book, parse(bytes, settings.priceTerms), sha256(bytes).slice(0, VERSION_DIGITS));
}

/** The signature lies beside the book; a query stays behind the path. */
function signatureOf(source: string): string {
  if (!isUrl(source)) return `${source}.sig`;
  const url = new URL(source);
  url.pathname += '.sig';
  return url.href;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function parse(bytes: Uint8Array, source: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new WeirError('PRICE_BOOK_UNREADABLE', `${source} is not JSON: ${errorMessage(cause)}`, { cause });
  }
}
