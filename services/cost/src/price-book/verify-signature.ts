import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { WeirError } from '@weir/kernel';

const RAW_KEY_BYTES = 32;
/** What stands before the 32 bytes of a raw Ed25519 key in its SPKI form (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURE_BYTES = 64;

/**
 * Checks an Ed25519 signature over a file's bytes.
 * @param key PEM, or base64 of the SPKI form or of the raw 32 bytes.
 * @param signature base64, or the raw 64 bytes.
 * @throws WeirError `PRICE_BOOK_SIGNATURE`.
 */
export function verifySignature(source: string, bytes: Uint8Array, signature: Uint8Array, key: string): void {
  const raw =
    signature.byteLength === SIGNATURE_BYTES
      ? signature
      : Buffer.from(Buffer.from(signature).toString('latin1'), 'base64');
  if (raw.byteLength !== SIGNATURE_BYTES || !verify(null, bytes, publicKey(key), raw)) {
    throw new WeirError('PRICE_BOOK_SIGNATURE', `${source} does not carry a signature of cost.price_book_key`);
  }
}

function publicKey(text: string): KeyObject {
  try {
    const der = Buffer.from(text, 'base64');
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({
          key: der.byteLength === RAW_KEY_BYTES ? Buffer.concat([SPKI_HEAD, der]) : der,
          format: 'der',
          type: 'spki',
        });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new WeirError('PRICE_BOOK_SIGNATURE', 'cost.price_book_key is not a public key', { cause });
  }
  throw new WeirError('PRICE_BOOK_SIGNATURE', 'cost.price_book_key is not an Ed25519 key');
}
