import { describe, expect, it } from 'vitest';
import { exchangeWith } from '../testing/bodies.ts';
import { plainDecimal } from './decimal-text.ts';
import { billingOf, operationOf } from './operation.ts';
import { readExchange } from './read-exchange.ts';
import { promptTemplate } from './request-template.ts';

describe('plainDecimal', () => {
  it.each([
    ['3.36e-05', 0, '0.0000336'],
    ['0.00963', 0, '0.00963'],
    ['1466250', -10, '0.000146625'],
    ['20000000000', -10, '2'],
    ['1.50E+2', 0, '150'],
    ['0', 0, '0'],
    ['0.0', 0, '0'],
    ['', 0, ''],
    ['-1', 0, ''],
    ['null', 0, ''],
    ['"1"', 0, ''],
  ])('I4 %s shifted by %i is %s', (text, shift, expected) => {
    expect(plainDecimal(text, shift)).toBe(expected);
  });
});

describe('operationOf and billingOf', () => {
  it.each([
    ['POST', '/v1/chat/completions', 'm', 'chat', 'billed'],
    ['POST', '/v1/completions', 'm', 'text_completion', 'billed'],
    ['POST', '/v1/messages', 'm', 'chat', 'billed'],
    ['POST', '/v1/messages/count_tokens', 'm', 'count_tokens', 'free'],
    ['POST', '/v1/moderations', 'm', 'moderation', 'free'],
    ['POST', '/v1beta/models/g:streamGenerateContent', 'g', 'generate_content', 'billed'],
    ['POST', '/v1beta/models/g:batchEmbedContents', 'g', 'embeddings', 'billed'],
    ['POST', '/model/amazon.titan-embed-text-v2%3A0/invoke', 'amazon.titan-embed-text-v2:0', 'embeddings', 'billed'],
    ['POST', '/v1/images/generations', 'm', 'image', 'billed'],
    ['POST', '/v1/audio/speech', 'm', 'audio', 'billed'],
    ['POST', '/v1/rerank', 'm', 'rerank', 'billed'],
    ['GET', '/v1/responses/resp_1', '', 'chat', 'repeats'],
    ['GET', '/v1/batches/b_1', '', 'batch', 'repeats'],
    ['GET', '/v1/models', '', 'other', 'free'],
    ['GET', '/v1/realtime', '', 'chat', 'billed'],
  ])('%s %s', (method, path, model, operation, billing) => {
    expect(operationOf(path, model, 'openai')).toBe(operation);
    expect(billingOf(method, path, operationOf(path, model, 'openai'))).toBe(billing);
  });
});

describe('promptTemplate', () => {
  const schema = { type: 'object', properties: { b: { type: 'string' }, a: { type: 'number' } } };

  it('is the same for the same prompt on every API, and without the user', () => {
    const chat = promptTemplate({
      messages: [
        { role: 'system', content: 'Be  brief.\n' },
        { role: 'user', content: 'secret question' },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: schema } }],
    });
    expect(chat).not.toContain('secret');
    expect(
      promptTemplate({ system: 'Be brief.', tools: [{ name: 'f', description: 'd', input_schema: schema }] }),
    ).toBe(chat);
    expect(
      promptTemplate({
        instructions: 'Be brief.',
        tools: [{ type: 'function', name: 'f', description: 'd', parameters: schema }],
      }),
    ).toBe(chat);
    expect(
      promptTemplate({
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parameters: schema }] }],
      }),
    ).toBe(chat);
    const reordered = { properties: { a: { type: 'number' }, b: { type: 'string' } }, type: 'object' };
    expect(
      promptTemplate({
        system: [{ text: 'Be brief.' }],
        tools: [{ name: 'f', description: 'd', input_schema: reordered }],
      }),
    ).toBe(chat);
  });

  it('masks what changes with every call, and nothing else', () => {
    const at = (text: string): string => promptTemplate({ system: text });
    expect(at('Today is 2026-05-01, 10:31.')).toBe(at('Today is 2026-06-02, 11:07.'));
    expect(at('Session 123e4567-e89b-12d3-a456-426614174000')).toBe(at('Session 00000000-e89b-12d3-a456-426614174000'));
    expect(at('Use 3 steps.')).not.toBe(at('Use 4 steps.'));
  });

  it('is empty when there is neither', () => {
    expect(promptTemplate({ messages: [{ role: 'user', content: 'hi' }] })).toBe('');
  });
});

describe('results of a batch', () => {
  const message = {
    model: 'claude-sonnet-4-5',
    usage: { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: 5 },
  };
  const body = { model: 'gpt-4o', usage: { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 } };
  const lines = [
    { custom_id: 'a', result: { type: 'succeeded', message } },
    { custom_id: 'b', result: { type: 'errored', error: { type: 'invalid_request' } } },
    { id: 'r', custom_id: 'c', response: { status_code: 200, body } },
  ];

  it('I5 are a part each, of the tier of a batch, and known to repeat what a retrieval before may have shown', () => {
    const facts = readExchange(
      exchangeWith({
        provider: 'anthropic',
        method: 'GET',
        path: '/v1/messages/batches/msgbatch_1/results',
        responseContentType: 'application/x-jsonl',
        response: lines.map((line) => JSON.stringify(line)).join('\n'),
      }),
    );
    expect(facts.usageParts.map(({ model, usage }) => [model, usage.inputTokens, usage.outputTokens])).toEqual([
      ['claude-sonnet-4-5', 12, 3],
      ['gpt-4o', 20, 4],
    ]);
    expect(facts.usage).toMatchObject({ inputTokens: 32, outputTokens: 7, cacheReadTokens: 5 });
    expect(facts.serviceTier).toBe('batch');
    expect(facts.flags).toContain('repeated_usage');
  });
});
