import type { RequestEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { embeddedPriceBook } from '@weir/pricing';
import { afterAll, describe, expect, it } from 'vitest';
import { deriveCost } from '../derive-cost.ts';
import { requestFacts } from '../request-facts.ts';
import { needsEstimate, withEstimate } from './estimate-usage.ts';
import { createTokenizer } from './tokenizer.ts';

const book = embeddedPriceBook();
const tokenizer = createTokenizer();
afterAll(() => tokenizer.close());

const sse = (...events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

function event(request: object, response: string, more: Partial<RequestEvent> = {}): RequestEvent {
  const requestBody = Buffer.from(JSON.stringify(request));
  const responseBody = Buffer.from(response);
  return {
    ...GOLDEN_EVENTS.request,
    custom_cost: '',
    cache_status: 'none',
    response_encoding: '',
    response_content_type: 'text/event-stream',
    payload: 'full',
    request_head: requestBody,
    request_bytes: requestBody.length,
    response_head: responseBody,
    response_tail: Buffer.alloc(0),
    response_bytes: responseBody.length,
    ...more,
  };
}

async function costOf(request: RequestEvent) {
  const facts = requestFacts(request);
  const known = needsEstimate(request, facts) ? await withEstimate(request, facts, tokenizer) : facts;
  return deriveCost(request, { partition: 0, offset: 1 }, book, known);
}

const question = { model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Say hello to the world.' }] };
const chunk = (content: string): object => ({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: { content } }] });
const chat = sse(...['Hello', ',', ' world', '!', ' <|endoftext|>'].map(chunk));
const claude = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
const started = {
  type: 'message_start',
  message: { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 1_000, output_tokens: 1 } },
};
const words = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'one two three four five' } };

describe('an estimate of usage', () => {
  it('I5 counts what a provider did not, and says so', async () => {
    const cost = await costOf(event(question, chat));
    // As the provider's own tokenizer counts: 6 and 3 + 3 of the format; the special token is text here.
    expect(cost).toMatchObject({ usage_source: 'estimated', input_tokens: 12, cost_source: 'computed' });
    expect(cost.usage_flags).toEqual(['input_estimated', 'output_estimated']);
    expect(cost.output_tokens).toBeGreaterThanOrEqual(5);
    expect(cost.cost_usd).not.toBe(null);
    expect(await costOf(event(question, chat))).toEqual(cost);
  });

  it('I5 adds to what arrived of a broken answer, and keeps the counts that came', async () => {
    const cost = await costOf(
      event(claude, sse(started, words), { provider: 'anthropic', path: '/v1/messages', complete: false }),
    );
    expect(cost).toMatchObject({ usage_source: 'partial', input_tokens: 1_000, output_tokens: 6 });
    expect(cost.usage_flags).toContain('output_estimated');
  });

  it('I5 leaves unknown what nobody can tell', async () => {
    const silent = await costOf(event(question, sse({ id: 'c', choices: [] }), { complete: false }));
    expect(silent).toMatchObject({ cost_usd: null, usage_source: 'missing' });
    const cut = event(question, chat, { request_bytes: 9_999_999 });
    expect(await costOf(cut)).toMatchObject({ cost_usd: null, usage_source: 'missing' });
  });

  it('is not made where usage is known or nothing was used', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const counted = event(question, sse(chunk('Hi'), { id: 'c', choices: [], usage }));
    const failed = event(question, '{"error":{"message":"no"}}', { status: 500 });
    const hit = event(question, chat, { cache_status: 'hit' });
    const list = event({}, '{"object":"list","data":[]}', { method: 'GET', path: '/v1/models' });
    for (const known of [counted, failed, hit, list]) expect(needsEstimate(known, requestFacts(known))).toBe(false);
  });

  it('names the part of a prompt that no tokenizer counts', async () => {
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const seen = { ...question, messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, picture] }] };
    const cost = await costOf(event(seen, chat));
    expect(cost.usage_flags).toContain('media_not_estimated');
    expect(cost.input_tokens).toBeLessThan(12);
  });
});
