/** Worker thread: counts tokens, so that no event waits behind another's long text. Loads an encoding on first use. */
import { parentPort } from 'node:worker_threads';
import { type CountText, countTokens } from './count-tokens.ts';
import type { CountReply, CountRequest, Encoding } from './tokenizer.ts';

const LOADERS: Readonly<Record<Encoding, () => Promise<{ readonly countTokens: CountText }>>> = {
  o200k: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k: () => import('gpt-tokenizer/encoding/cl100k_base'),
};

parentPort?.on('message', ({ id, encoding, texts }: CountRequest) => {
  LOADERS[encoding]()
    .then(({ countTokens: count }) => texts.map((text) => countTokens(text, count)))
    .then(
      (tokens) => parentPort?.postMessage({ id, tokens } satisfies CountReply),
      () => parentPort?.postMessage({ id, tokens: null } satisfies CountReply),
    );
});
