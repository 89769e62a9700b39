import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedPriceBook } from '@weir/pricing';
import type { Logger } from '@weir/telemetry';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPriceBook } from './open-price-book.ts';
import type { PriceBookSettings } from './read-price-book.ts';

const directory = mkdtempSync(join(tmpdir(), 'weir-book-'));
const document = JSON.stringify({
  format: 1,
  version: 'mine',
  sources: [],
  providers: [{ id: 'acme', aliases: [], fallbacks: [], infer: [] }],
  models: { 'acme/chat': { aliases: [] } },
  rows: {
    one: {
      model: 'acme/chat',
      tier: 'standard',
      rates: { input: ['1', 1_000_000] },
      confidence: 'agreed',
      source: 't',
    },
  },
});
const digest = createHash('sha256').update(document).digest('hex');
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const signature = sign(null, Buffer.from(document), privateKey);
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const der = publicKey.export({ type: 'spki', format: 'der' });
const server = createServer((request, response) => {
  if (request.url === '/book.json.sig?v=1') response.end(signature.toString('base64'));
  else if (request.url === '/book.json?v=1') response.end(document);
  else if (request.url === '/moved') response.writeHead(302, { location: '/book.json' }).end();
  else response.writeHead(request.url === '/book.json' ? 200 : 404).end(document);
});
let url = '';
let codes: string[] = [];
const logger = {
  info: () => {},
  error: ({ error }: { error: { code: string } }) => codes.push(error.code),
} as unknown as Logger;

beforeAll(async () => {
  writeFileSync(join(directory, 'book.json'), document);
  writeFileSync(join(directory, 'book.json.sig'), `${signature.toString('base64')}\n`);
  writeFileSync(join(directory, 'raw.json'), document);
  writeFileSync(join(directory, 'raw.json.sig'), signature);
  writeFileSync(join(directory, 'unsigned.json'), document);
  writeFileSync(join(directory, 'altered.json'), document.replace('"1"', '"2"'));
  writeFileSync(join(directory, 'altered.json.sig'), signature);
  writeFileSync(join(directory, 'broken.json'), '{"format":1');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  codes = [];
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

const open = (settings: Partial<PriceBookSettings>) =>
  openPriceBook({ priceBook: '', priceBookSha256: '', priceTerms: '', baseDirectory: directory, ...settings }, logger);

describe('openPriceBook', () => {
  it('gives the book of the release when nothing else is named', async () => {
    expect((await open({})).version).toBe(embeddedPriceBook().version);
  });

  it('loads a file, and an address whose digest is known', async () => {
    expect((await open({ priceBook: 'book.json' })).version).toBe('mine');
    expect((await open({ priceBook: 'book.json', priceBookSha256: digest.toUpperCase() })).version).toBe('mine');
    expect((await open({ priceBook: `${url}/book.json`, priceBookSha256: digest })).version).toBe('mine');
    expect(codes).toEqual([]);
  });

  it.each([
    ['PEM', pem],
    ['base64 of the SPKI form', der.toString('base64')],
    ['base64 of the bare key', der.subarray(-32).toString('base64')],
  ])('loads a book that is signed by the key, given as %s', async (_, priceBookKey) => {
    expect((await open({ priceBook: 'book.json', priceBookKey })).version).toBe('mine');
    expect((await open({ priceBook: 'raw.json', priceBookKey })).version).toBe('mine');
    expect((await open({ priceBook: `${url}/book.json?v=1`, priceBookKey })).version).toBe('mine');
    expect(codes).toEqual([]);
  });

  const stranger = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });

  it.each([
    ['another key', () => ({ priceBook: 'book.json', priceBookKey: stranger }), 'PRICE_BOOK_SIGNATURE'],
    ['one byte changed', () => ({ priceBook: 'altered.json', priceBookKey: pem }), 'PRICE_BOOK_SIGNATURE'],
    ['no signature', () => ({ priceBook: 'unsigned.json', priceBookKey: pem }), 'PRICE_BOOK_UNREADABLE'],
    ['a key of another kind', () => ({ priceBook: 'book.json', priceBookKey: String(rsa) }), 'PRICE_BOOK_SIGNATURE'],
    ['no key', () => ({ priceBook: 'book.json', priceBookKey: 'AAAA' }), 'PRICE_BOOK_SIGNATURE'],
    [
      'a signed book of another digest',
      () => ({ priceBook: 'book.json', priceBookKey: pem, priceBookSha256: 'a'.repeat(64) }),
      'PRICE_BOOK_DIGEST',
    ],
    ['no such file', () => ({ priceBook: 'absent.json' }), 'PRICE_BOOK_UNREADABLE'],
    ['no JSON', () => ({ priceBook: 'broken.json' }), 'PRICE_BOOK_UNREADABLE'],
    ['another digest', () => ({ priceBook: 'book.json', priceBookSha256: 'a'.repeat(64) }), 'PRICE_BOOK_DIGEST'],
    ['an address without a digest', () => ({ priceBook: `${url}/book.json` }), 'PRICE_BOOK_UNVERIFIED'],
    [
      'an address in the clear',
      () => ({ priceBook: 'http://prices.example/b', priceBookSha256: digest }),
      'PRICE_BOOK_UNVERIFIED',
    ],
    ['a refusal', () => ({ priceBook: `${url}/no`, priceBookSha256: digest }), 'PRICE_BOOK_UNREADABLE'],
    ['a redirection', () => ({ priceBook: `${url}/moved`, priceBookSha256: digest }), 'PRICE_BOOK_UNREADABLE'],
  ])('I5 says why and falls back on the book of the release: %s', async (_, settings, code) => {
    expect((await open(settings())).version).toBe(embeddedPriceBook().version);
    expect(codes).toEqual([code]);
  });

  it('adds terms, names them in the version, and does not start without those it was told of', async () => {
    const terms = JSON.stringify({ format: 1, discounts: [{ id: 'd', percent: '5' }] });
    writeFileSync(join(directory, 'terms.json'), terms);
    const name = createHash('sha256').update(terms).digest('hex').slice(0, 12);
    expect((await open({ priceTerms: 'terms.json' })).version).toBe(`${embeddedPriceBook().version}+${name}`);
    await expect(open({ priceTerms: 'absent.json' })).rejects.toMatchObject({ code: 'PRICE_BOOK_UNREADABLE' });
    writeFileSync(join(directory, 'terms.json'), '{"format":1,"discounts":[{"id":"d"}]}');
    await expect(open({ priceTerms: 'terms.json' })).rejects.toMatchObject({ code: 'PRICE_BOOK_INVALID' });
  });
});
