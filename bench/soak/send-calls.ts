import { sleep } from '@weir/kernel';
import { Agent, request } from 'undici';
import type { CallBook } from './call-book.ts';

export interface SendOptions {
  readonly ingressUrl: string;
  readonly from: number;
  readonly calls: number;
  readonly signal: AbortSignal;
  readonly concurrency: number;
  readonly book: CallBook;
  readonly onProgress: (sent: number) => void;
}

export interface SendReport {
  readonly finished: number;
  /** Reset, cut or timed out: the client does not know what became of them. */
  readonly broken: number;
  /** Answered 429 or 503 with Retry-After; sent again. */
  readonly refused: number;
}

const MODELS = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini'];
const FEATURES = ['chat', 'search', 'summarise', 'extract'];

/** Sends numbered calls, one in five streamed; broken ones are counted and not repeated, refused ones are. */
export async function sendCalls(options: SendOptions): Promise<SendReport> {
  const { book, calls } = options;
  const dispatcher = new Agent({ connections: options.concurrency, headersTimeout: 60_000, bodyTimeout: 60_000 });
  let next = options.from;
  let finished = 0;
  let broken = 0;
  let refused = 0;
  const call = async (number: number): Promise<void> => {
    for (;;) {
      const stream = number % 5 === 0;
      const { statusCode, headers, body } = await request(`${options.ingressUrl}/openai/v1/chat/completions`, {
        method: 'POST',
        dispatcher,
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer soak',
          'x-request-id': `call-${number}`,
          'cf-aig-metadata': `{"call":"${number}","feature":"${FEATURES[number % 4]}","user":"u-${number % 500}"}`,
        },
        body: JSON.stringify({
          model: MODELS[number % MODELS.length],
          messages: [{ role: 'user', content: `Call number ${number}` }],
          ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
        }),
      });
      const bytes = (await body.arrayBuffer()).byteLength;
      if (statusCode === 200 && bytes > 0 && headers['cf-aig-log-id'] !== undefined) {
        book.finished(number);
        finished += 1;
        return;
      }
      if ((statusCode !== 503 && statusCode !== 429) || headers['retry-after'] === undefined) {
        broken += 1;
        return;
      }
      refused += 1;
      await sleep(Math.min(1_000, Number(headers['retry-after']) * 1_000));
    }
  };
  const worker = async (): Promise<void> => {
    while (next < calls && !options.signal.aborted) {
      const number = next;
      next += 1;
      if (number % 1_000 === 0) options.onProgress(number);
      try {
        await call(number);
      } catch {
        broken += 1;
        await sleep(20);
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  await dispatcher.close();
  options.onProgress(next);
  return { finished, broken, refused };
}
