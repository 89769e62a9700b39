import { gzipSync } from 'node:zlib';
import { createCodec, type RequestEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { picoToText } from '@weir/kernel';
import { embeddedPriceBook } from '@weir/pricing';
import { readExchange } from '@weir/providers';
import { describe, expect, it } from 'vitest';
import { costOf, deriveCost } from './derive-cost.ts';
import { exchangeOf } from './request-facts.ts';
import { SAMPLE_KINDS, sampleCallEvent } from './testing/sample-calls.ts';

const book = embeddedPriceBook();
const position = { partition: 2, offset: 41 };

const answer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 1000,
    completion_tokens: 50,
    total_tokens: 1050,
    prompt_tokens_details: { cached_tokens: 600 },
  },
};
const question = {
  model: 'gpt-4o',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
  ],
};

function event(
  more: Partial<RequestEvent> = {},
  request: object = question,
  response: object | Buffer = answer,
): RequestEvent {
  const requestBody = Buffer.from(JSON.stringify(request));
  const responseBody = Buffer.isBuffer(response) ? response : Buffer.from(JSON.stringify(response));
  return {
    ...GOLDEN_EVENTS.request,
    custom_cost: '',
    stream: false,
    cache_status: 'none',
    response_content_type: 'application/json',
    response_encoding: '',
    payload: 'full',
    request_head: requestBody,
    request_bytes: requestBody.length,
    response_head: responseBody,
    response_tail: Buffer.alloc(0),
    response_bytes: responseBody.length,
    ...more,
  };
}

const usd = (amount: bigint | null): string | null => (amount === null ? null : picoToText(amount));

describe('deriveCost', () => {
  it('I4 I5 prices cached and fresh tokens apart, to the last digit', () => {
    const cost = deriveCost(event(), position, book);
    expect(usd(cost.cost_usd)).toBe('0.00225');
    expect(usd(cost.cost_input_usd)).toBe('0.001');
    expect(usd(cost.cost_cache_read_usd)).toBe('0.00075');
    expect(usd(cost.cost_output_usd)).toBe('0.0005');
    expect(cost).toMatchObject({
      input_tokens: 1000,
      cache_read_tokens: 600,
      output_tokens: 50,
      total_tokens: 1050,
      usage: { input: 400, cache_read: 600, output: 50 },
      usage_source: 'reported',
      cost_source: 'computed',
      request_model: 'gpt-4o',
      response_model: 'gpt-4o-2024-08-06',
      operation: 'chat',
      finish_reasons: ['stop'],
      price_book_version: book.version,
      source_partition: 2,
      source_offset: 41,
    });
    expect(cost.cost_lines.reduce((sum, { amount_usd }) => sum + (amount_usd ?? 0n), 0n)).toBe(cost.cost_usd);
    expect(JSON.parse(cost.usage_raw)).toEqual(answer.usage);
  });

  it('I4 what a budget settles with is what the row says', () => {
    const custom = { custom_cost: '{"per_token_in": 0.000001, "per_token_out": 0.000002}' };
    const events = [
      ...SAMPLE_KINDS.map((kind) =>
        sampleCallEvent({ kind, ts: Date.UTC(2026, 8, 1), input: 900, cached: 300, output: 50 }),
      ),
      event({ cache_status: 'hit' }),
      event(custom),
      event({ status: 500, outcome: 'provider_error' }, question, { error: { message: 'no' } }),
      event({ facts: JSON.stringify(readExchange(exchangeOf(event()))), request_head: Buffer.alloc(0) }),
      event({}, { ...question, model: 'nobody-knows-this' }, { ...answer, model: 'nobody-knows-this' }),
    ];
    for (const each of events) {
      const row = deriveCost(each, position, book);
      expect(costOf(each, book)).toEqual({ usd: row.cost_usd, tokens: row.total_tokens });
    }
  });

  it('I6 gives the same bytes for the same event', () => {
    const codec = createCodec('cost');
    const once = codec.encode(deriveCost(event(), position, book));
    expect(codec.encode(deriveCost(event(), position, book)).equals(once)).toBe(true);
  });

  it('I4 I5 a hit of the gateway cache costs nothing and says what it would have cost', () => {
    const fetched = deriveCost(event({ cache_status: 'miss' }), position, book);
    const hit = deriveCost(event({ cache_status: 'hit' }), position, book);
    expect(usd(fetched.cost_usd)).toBe('0.00225');
    expect([fetched.cost_saved_usd, hit.cost_usd, hit.cost_saved_usd]).toEqual([0n, 0n, fetched.cost_usd]);
    expect(hit).toMatchObject({
      input_tokens: 0,
      output_tokens: 0,
      cost_source: 'none',
      cost_lines: [],
      cost_flags: [],
    });
  });

  it('I5 a hit whose price is unknown says so, and saves nothing that is known', () => {
    const model = 'nobody-knows-this';
    const hit = deriveCost(
      event({ cache_status: 'hit' }, { ...question, model }, { ...answer, model }),
      position,
      book,
    );
    expect([hit.cost_usd, hit.cost_saved_usd, hit.cost_flags]).toEqual([0n, 0n, ['saved_unknown']]);
  });

  it('I4 a hit saves what the caller’s own rates say', () => {
    const custom = { cache_status: 'hit', custom_cost: '{"total_cost": 0.5}' } as const;
    expect(usd(deriveCost(event(custom), position, book).cost_saved_usd)).toBe('0.5');
  });

  it('names what could share a cached answer, and nothing else', () => {
    const keyOf = (more: Partial<RequestEvent>): string => deriveCost(event(more), position, book).cache_key;
    const one = keyOf({ request_id: '0192f0c1-0000-7000-8000-000000000001', user_id: 'a' });
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(keyOf({ request_id: '0192f0c1-0000-7000-8000-000000000002', user_id: 'b' })).toBe(one);
    const others = [
      keyOf({ request_sha256: 'f'.repeat(64) }),
      keyOf({ api_key_id: 'another' }),
      keyOf({ path: '/v1/chat/completions?x=1' }),
    ];
    expect(new Set([one, ...others]).size).toBe(4);
    expect([keyOf({ method: 'GET' }), keyOf({ path: '/v1/files' })]).toEqual(['', '']);
  });

  it('reads compressed bodies', () => {
    const gzipped = gzipSync(JSON.stringify(answer));
    const cost = deriveCost(event({ response_encoding: 'gzip' }, question, gzipped), position, book);
    expect(usd(cost.cost_usd)).toBe('0.00225');
  });

  it('I8 prices from the facts when the bodies were let go', () => {
    const whole = event();
    const body = (head: Buffer) => ({ head, tail: Buffer.alloc(0), bytes: head.length });
    const facts = readExchange({
      provider: whole.provider,
      method: whole.method,
      path: whole.path,
      status: whole.status,
      requestContentType: whole.request_content_type,
      responseContentType: whole.response_content_type,
      responseHeaders: whole.response_headers,
      request: body(whole.request_head),
      response: body(whole.response_head),
      complete: true,
    });
    const empty = Buffer.alloc(0);
    const off = event({
      payload: 'off',
      request_head: empty,
      response_head: empty,
      facts: JSON.stringify({ ...facts, promptTemplate: '', promptFingerprint: 'f'.repeat(16) }),
    });
    const cost = deriveCost(off, position, book);
    expect(cost.cost_usd).toBe(deriveCost(whole, position, book).cost_usd);
    expect(cost.prompt_fp).toBe('f'.repeat(16));
  });

  it('names a prompt by its template, not by the words of the user', () => {
    const fingerprint = (system: string, user: string): string => {
      const messages = [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ];
      return deriveCost(event({}, { model: 'gpt-4o', messages }), position, book).prompt_fp;
    };
    expect(fingerprint('Be brief.', 'a')).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprint('Be brief.', 'a')).toBe(fingerprint('Be brief.', 'b'));
    expect(fingerprint('Be brief.', 'a')).not.toBe(fingerprint('Be long.', 'a'));
  });

  it('I5 says unknown, never 0, when the price or the usage is unknown', () => {
    const unpriced = deriveCost(event({}, question, { ...answer, model: 'acme-house-7b' }), position, book);
    const model = { ...question, model: 'acme-house-7b' };
    const neither = deriveCost(event({}, model, { ...answer, model: 'acme-house-7b' }), position, book);
    expect(neither).toMatchObject({ cost_usd: null, cost_source: 'unpriced' });
    expect(neither.unpriced_reason).not.toBe('');
    expect(unpriced.input_tokens).toBe(1000);
    const { usage: _, ...silent } = answer;
    expect(deriveCost(event({}, question, silent), position, book)).toMatchObject({
      cost_usd: null,
      cost_source: 'unpriced',
      usage_source: 'missing',
      unpriced_reason: 'usage_missing',
    });
    const cut = event(
      { complete: false, error_code: 'UPSTREAM_RESET', outcome: 'provider_error' },
      question,
      Buffer.from('{"id":'),
    );
    expect(deriveCost(cut, position, book)).toMatchObject({ cost_usd: null, unpriced_reason: 'answer_cut' });
    const silence = event(
      { status: 0, error_code: 'UPSTREAM_FIRST_BYTE_TIMEOUT', outcome: 'timeout' },
      question,
      Buffer.alloc(0),
    );
    expect(deriveCost(silence, position, book)).toMatchObject({ cost_usd: null, unpriced_reason: 'no_answer' });
  });

  it.each<[string, Partial<RequestEvent>]>([
    ['an error answered before any output', { status: 429, outcome: 'rate_limited' }],
    ['a provider that was never reached', { status: 0, error_code: 'UPSTREAM_REFUSED', outcome: 'provider_error' }],
    ['a list of models', { method: 'GET', path: '/v1/models' }],
    ['an answer from the gateway cache', { cache_status: 'hit' }],
  ])('knows that %s cost nothing', (_, more) => {
    const body =
      more.cache_status === 'hit' ? answer : { error: { message: 'no', type: 'x', code: 'rate_limit_exceeded' } };
    const cost = deriveCost(event(more, question, body), position, book);
    expect(cost).toMatchObject({ cost_usd: 0n, cost_source: 'none' });
  });

  it('does not count the usage that a retrieval shows again', () => {
    const stored = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'gpt-4o',
      output: [],
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    };
    const get = event(
      { method: 'GET', path: '/v1/responses/resp_1', request_bytes: 0, request_head: Buffer.alloc(0) },
      {},
      stored,
    );
    expect(deriveCost(get, position, book)).toMatchObject({
      cost_usd: 0n,
      cost_source: 'none',
      unpriced_reason: '',
      input_tokens: 0,
      total_tokens: 0,
    });
  });

  it('I4 a call to a host of a data residency pays its uplift', () => {
    const newer = { ...answer, model: 'gpt-5.4' };
    const [plain, resident] = ['', 'eu'].map((region) =>
      deriveCost(event({ region }, question, newer), position, book),
    );
    expect((resident?.cost_usd ?? 0n) * 10n).toBe((plain?.cost_usd ?? 0n) * 11n);
    expect(resident).toMatchObject({ region: 'eu', cost_source: 'computed' });
  });

  it("I4 takes the caller's own rates over all others, and says when they are none", () => {
    const rates = '{"per_token_in":0.000001,"per_token_out":0.000002}';
    const cost = deriveCost(event({ custom_cost: rates }), position, book);
    expect(usd(cost.cost_usd)).toBe('0.0011');
    expect(cost).toMatchObject({ cost_source: 'override', unpriced_reason: '' });
    const free = deriveCost(event({ custom_cost: '{"total_cost":1}', status: 500 }, question, {}), position, book);
    expect(free).toMatchObject({ cost_usd: 0n, cost_source: 'none' });
    const refused = deriveCost(event({ custom_cost: '{"per_token_in":' }), position, book);
    expect(refused).toMatchObject({ cost_source: 'computed', cost_flags: ['custom_cost_invalid'] });
  });

  it("takes the provider's own figure over its own, and keeps the lines", () => {
    const reported = { ...answer, model: 'openai/gpt-4o', usage: { ...answer.usage, cost: 0.0023456789 } };
    const cost = deriveCost(event({ provider: 'openrouter' }, question, reported), position, book);
    expect(cost.cost_source).toBe('reported');
    expect(usd(cost.cost_usd)).toBe('0.0023456789');
    expect(cost.cost_reported_usd).toBe(cost.cost_usd);
  });
});
