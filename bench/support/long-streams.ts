import type { RequestEvent } from '@weir/events';
import { benchEvent } from './bench-requests.ts';

const BYTES = 1_048_576;
const TEXT = 'The weir measures the flow without stopping it; \\"usage\\" is only at the end. ';
const STREAM = { stream: true, response_content_type: 'text/event-stream' };

/** Repeats pieces up to a megabyte, between what opens and what closes a stream. */
function fill(open: string, piece: string, close: string): string {
  const times = Math.ceil((BYTES - open.length - close.length) / piece.length);
  return open + piece.repeat(times) + close;
}

const sse = (name: string, data: string): string => `${name === '' ? '' : `event: ${name}\n`}data: ${data}\n\n`;

function longBodies() {
  const chat = fill(
    '',
    sse(
      '',
      `{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":"${TEXT}"},"finish_reason":null}],"usage":null}`,
    ),
    `${sse('', '{"id":"c","choices":[],"usage":{"prompt_tokens":30,"completion_tokens":9000,"total_tokens":9030}}')}data: [DONE]\n\n`,
  );
  const claude = fill(
    sse(
      'message_start',
      '{"type":"message_start","message":{"id":"a","type":"message","model":"claude-sonnet-4-6","usage":{"input_tokens":30,"output_tokens":1}}}',
    ),
    sse(
      'content_block_delta',
      `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${TEXT}"}}`,
    ),
    sse('message_delta', '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9000}}'),
  );
  const gemini = fill(
    '',
    sse(
      '',
      `{"candidates":[{"content":{"parts":[{"text":"${TEXT}"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":5,"totalTokenCount":35},"modelVersion":"gemini-2.5-flash"}`,
    ),
    sse(
      '',
      '{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":9000,"totalTokenCount":9030}}',
    ),
  );
  const responses = fill(
    '',
    sse(
      'response.output_text.delta',
      `{"type":"response.output_text.delta","delta":"${TEXT}","item_id":"i","output_index":0}`,
    ),
    sse(
      'response.completed',
      '{"type":"response.completed","response":{"id":"r","object":"response","model":"gpt-5.5","status":"completed","usage":{"input_tokens":30,"output_tokens":9000,"total_tokens":9030}}}',
    ),
  );
  const array = fill(
    '[',
    `{"candidates":[{"content":{"parts":[{"text":"${TEXT}"}]}}],"usageMetadata":{"promptTokenCount":30,"totalTokenCount":30}},\n`,
    '{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":9000,"totalTokenCount":9030},"modelVersion":"gemini-2.5-flash"}]',
  );
  const lines = fill(
    '',
    `{"model":"llama3.2","message":{"role":"assistant","content":"${TEXT}"},"done":false}\n`,
    '{"model":"llama3.2","done":true,"done_reason":"stop","prompt_eval_count":30,"eval_count":9000}\n',
  );
  return { chat, claude, gemini, responses, array, lines };
}

/** Streams of one megabyte, as the families send them. */
export function longStreams(): Record<string, RequestEvent> {
  const ask = { model: 'm', messages: [{ role: 'user', content: 'Tell me everything.' }], stream: true };
  const { chat, claude, gemini, responses, array, lines } = longBodies();
  return {
    'OpenAI chat, SSE': benchEvent(ask, chat, STREAM),
    'OpenAI Responses, SSE': benchEvent(ask, responses, { ...STREAM, path: '/v1/responses' }),
    'Anthropic, SSE': benchEvent(ask, claude, { ...STREAM, provider: 'anthropic', path: '/v1/messages' }),
    'Gemini, SSE': benchEvent(ask, gemini, {
      ...STREAM,
      provider: 'google-ai-studio',
      path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
    }),
    'Gemini, JSON array': benchEvent(ask, array, {
      stream: true,
      provider: 'google-ai-studio',
      path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
    }),
    'Ollama, NDJSON': benchEvent(ask, lines, {
      stream: true,
      response_content_type: 'application/x-ndjson',
      provider: 'ollama',
      path: '/api/chat',
    }),
  };
}
