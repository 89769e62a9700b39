import { createHash } from 'node:crypto';

export interface Measured {
  readonly content: AsyncGenerator<Uint8Array>;
  /** Of what has passed so far. */
  facts(): { readonly bytes: number; readonly sha256: string };
}

/** Passes bytes on, counting and hashing them. */
export function measure(source: AsyncIterable<Uint8Array>): Measured {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  return { content: pass(), facts: () => ({ bytes, sha256: hash.copy().digest('hex') }) };
}
