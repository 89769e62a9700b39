import type { RequestEvent } from '@weir/events';

const base: Omit<RequestEvent, 'request_head' | 'response_head' | 'request_bytes' | 'response_bytes'> = {
  request_id: '019a1b2c-3d4e-7f00-8000-000000000001',
  parent_id: '019a1b2c-3d4e-7f00-8000-000000000001',
  event_id: '019a1b2c-3d4e-7f00-8000-000000000001',
  attempt: 1,
  step: 0,
  ts: Date.now(),
  account: 'acme',
  gateway: 'prod',
  env: 'production',
  feature: 'summarise',
  user_id: 'u-1',
  session_id: 's-1',
  trace_id: '',
  parent_span_id: '',
  api_key_id: '9f86d081884c7d65',
  token_id: '',
  tags: { plan: 'pro' },
  provider: 'openai',
  method: 'POST',
  path: '/v1/chat/completions',
  upstream_host: 'api.openai.com',
  region: '',
  user_agent: 'bench',
  status: 200,
  outcome: 'ok',
  error_code: '',
  error_message: '',
  stream: false,
  complete: true,
  client_gone: false,
  cache_status: 'none',
  duration_us: 812_345,
  ttfb_us: 210_001,
  overhead_us: 87,
  request_content_type: 'application/json',
  response_content_type: 'application/json',
  request_encoding: '',
  response_encoding: '',
  response_headers: { 'x-request-id': 'req_1' },
  request_sha256: 'a'.repeat(64),
  response_sha256: 'b'.repeat(64),
  payload: 'full',
  request_tail: Buffer.alloc(0),
  response_tail: Buffer.alloc(0),
  facts: '',
  custom_cost: '',
  weir_version: '0.1.0',
};

const usage = {
  prompt_tokens: 300,
  completion_tokens: 120,
  total_tokens: 420,
  prompt_tokens_details: { cached_tokens: 128, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};

/** One event with these bodies, everything else usual. */
export function benchEvent(request: object, response: string, more: Partial<RequestEvent> = {}): RequestEvent {
  const head = Buffer.from(JSON.stringify(request));
  const answer = Buffer.from(response);
  const sizes = { request_bytes: head.length, response_bytes: answer.length };
  return { ...base, request_head: head, response_head: answer, ...sizes, ...more };
}

const question = {
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'You summarise reports. '.repeat(30) },
    { role: 'user', content: 'Summarise this, please.' },
  ],
};

/** Request events of the usual sizes: 1 KB and 2 KB of JSON, and a stream of 120 chunks. */
export function benchRequests(): Record<string, RequestEvent> {
  const answer = (words: number): string =>
    JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion',
      model: 'gpt-4o-mini-2024-07-18',
      choices: [{ index: 0, message: { role: 'assistant', content: 'weir '.repeat(words) }, finish_reason: 'stop' }],
      usage,
    });
  const chunk = (delta: object, extra: object = {}): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', model: 'gpt-4o-mini-2024-07-18', choices: [{ index: 0, delta, finish_reason: null }], ...extra })}\n\n`;
  const stream = `${chunk({ content: 'weir ' }).repeat(120)}${chunk({}, { choices: [], usage })}data: [DONE]\n\n`;
  return {
    'JSON 1 KB': benchEvent(question, answer(40)),
    'JSON 2 KB': benchEvent(question, answer(240)),
    [`SSE ${Math.round(stream.length / 1024)} KB`]: benchEvent({ ...question, stream: true }, stream, {
      stream: true,
      response_content_type: 'text/event-stream',
    }),
  };
}
