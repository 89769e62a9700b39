import { sleep } from '@weir/kernel';

export interface LoadResult {
  /** Log ids of answers that the client saw finish. */
  readonly finished: Set<string>;
  /** Calls that broke: refused, reset or cut. */
  readonly broken: number;
  /** Of these, the ones answered with 503 and Retry-After. */
  readonly refused: number;
}

const CALL_TIMEOUT_MS = 20_000;

/**
 * Sends `count` calls, plain and streamed, `concurrency` at a time, `paddingBytes` larger than they need be; broken ones
 * are counted, not repeated.
 */
export async function sendLoad(
  ingressUrl: string,
  count: number,
  concurrency: number,
  paddingBytes = 0,
): Promise<LoadResult> {
  const finished = new Set<string>();
  const padding = '.'.repeat(paddingBytes);
  let broken = 0;
  let refused = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      try {
        const response = await fetch(`${ingressUrl}/openai/v1/chat/completions`, {
          method: 'POST',
          signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
          headers: {
            'content-type': 'application/json',
            authorization: 'Bearer test',
            'x-request-id': `call-${number}`,
          },
          body: JSON.stringify({
            model: number % 2 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
            stream: number % 3 === 0,
            stream_options: number % 3 === 0 ? { include_usage: true } : undefined,
            messages: [{ role: 'user', content: `Call number ${number}${padding}` }],
          }),
        });
        const text = await response.text();
        const id = response.headers.get('cf-aig-log-id');
        // A call that Weir itself refused reached no provider and has no row.
        if (response.status === 200 && id !== null && text.length > 0) finished.add(id);
        else broken += 1;
        if (response.status === 503 && response.headers.has('retry-after')) refused += 1;
      } catch {
        broken += 1;
        await sleep(20);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { finished, broken, refused };
}
