import type { RequestEvent } from '@weir/events';
import { sampleCallEvent } from './sample-calls.ts';

const MADE = Date.UTC(2026, 10, 20, 8);

/** A retrieval of stored JSON or JSON lines, as the ingress would have written it. */
export function retrieval(path: string, response: string, more: Partial<RequestEvent> = {}): RequestEvent {
  const event = sampleCallEvent({ kind: 'chat', ts: MADE + 3_600_000, input: 1, cached: 0, output: 1 });
  const responseHead = Buffer.from(response);
  const request = { request_head: Buffer.alloc(0), request_bytes: 0, request_content_type: '' };
  const answer = { response_head: responseHead, response_bytes: responseHead.length };
  return { ...event, ...request, ...answer, method: 'GET', path, ...more };
}

/** Results of an OpenAI batch, each of 1,000 tokens in and 100 out. */
export const batchResults = (ids: readonly string[], made: number | undefined = MADE / 1_000): string =>
  ids
    .map((id) => {
      const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
      const body = { id, model: 'gpt-4o-mini-2024-07-18', choices: [], usage, ...(made ? { created: made } : {}) };
      return JSON.stringify({ id: `r-${id}`, custom_id: id, response: { status_code: 200, body }, error: null });
    })
    .join('\n');

/** A stored answer of OpenAI Responses. */
export const storedResponse = (id: string, more: object = {}): string =>
  JSON.stringify({
    id,
    object: 'response',
    status: 'completed',
    created_at: MADE / 1_000,
    model: 'gpt-4o-mini-2024-07-18',
    output: [],
    usage: { input_tokens: 1_000, output_tokens: 100, total_tokens: 1_100 },
    ...more,
  });
