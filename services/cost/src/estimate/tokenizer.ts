import { Worker } from 'node:worker_threads';

export type Encoding = 'o200k' | 'cl100k';

export interface CountRequest {
  readonly id: number;
  readonly encoding: Encoding;
  readonly texts: readonly string[];
}

export interface CountReply {
  readonly id: number;
  /** Null when the texts could not be counted. */
  readonly tokens: readonly number[] | null;
}

/** Counts tokens of texts; null when it cannot. */
export interface Tokenizer {
  count(encoding: Encoding, texts: readonly string[]): Promise<readonly number[] | null>;
  close(): Promise<void>;
}

/** A tokenizer in a worker thread that starts with the first text, and again after it died. */
export function createTokenizer(): Tokenizer {
  const waiting = new Map<number, (tokens: readonly number[] | null) => void>();
  let worker: Worker | undefined;
  let nextId = 0;
  const giveUp = (dead: Worker): void => {
    if (worker !== dead) return;
    worker = undefined;
    for (const resolve of waiting.values()) resolve(null);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./tokenizer-worker.ts', import.meta.url));
    started.unref();
    started.on('message', ({ id, tokens }: CountReply) => {
      waiting.get(id)?.(tokens);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
    });
    started.on('error', () => giveUp(started));
    started.on('exit', () => giveUp(started));
    return started;
  };
  return {
    count(encoding, texts) {
      worker ??= start();
      worker.ref();
      nextId += 1;
      const request: CountRequest = { id: nextId, encoding, texts };
      return new Promise((resolve) => {
        waiting.set(request.id, resolve);
        worker?.postMessage(request);
      });
    },
    async close() {
      await worker?.terminate();
    },
  };
}
