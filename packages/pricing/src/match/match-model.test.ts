import { describe, expect, it } from 'vitest';
import { loadPriceBook } from '../compile-price-book.ts';
import { embeddedPriceBook } from '../embedded-price-book.ts';
import { modelAt } from '../select-row.ts';
import { matchModel } from './match-model.ts';

const book = embeddedPriceBook();
const AT = Date.parse('2026-07-24T12:00:00Z');
const found = (provider: string | null, model: string, at = AT) => {
  const match = matchModel(book, provider, model);
  const named = modelAt(match.named, at);
  return named === undefined ? match.reason : `${match.provider} ${named.provider}/${named.id}`;
};

describe('model names', () => {
  it.each([
    ['openai', ' GPT-4.1 ', 'openai openai/gpt-4.1'],
    ['openai', 'gpt-4o-2024-08-06', 'openai openai/gpt-4o'],
    ['openai', 'openai/gpt-4o', 'openai openai/gpt-4o'],
    ['openai', 'ft:gpt-4o-mini-2024-07-18:acme:tone:XyZ9', 'openai openai/ft:gpt-4o-mini'],
    ['anthropic', 'claude-opus-4-6-20260205', 'anthropic anthropic/claude-opus-4-6'],
    ['google', 'models/gemini-2.5-pro-preview-05-06', 'google google/gemini-2.5-pro'],
    ['google-ai-studio', 'gemini-2.0-flash-lite-preview-02-05', 'google google/gemini-2.0-flash-lite'],
    ['gcp.vertex_ai', 'publishers/google/models/gemini-2.5-pro', 'vertex_ai google/gemini-2.5-pro'],
    [
      'google-vertex',
      'projects/p/locations/eu/publishers/anthropic/models/claude-haiku-4-5@20251001',
      'vertex_ai vertex_ai/claude-haiku-4-5',
    ],
    ['vertex_ai', 'claude-opus-4-6@default', 'vertex_ai vertex_ai/claude-opus-4-6'],
    ['vertex_ai', 'google/gemini-2.5-flash', 'vertex_ai google/gemini-2.5-flash'],
    ['azure', 'gpt-35-turbo', 'azure openai/gpt-3.5-turbo'],
    ['groq', 'openai/gpt-oss-120b', 'groq groq/openai/gpt-oss-120b'],
    ['x_ai', 'grok-4-latest', 'xai xai/grok-4-0709'],
    ['bedrock', 'us-east-1/us.anthropic.claude-opus-4-6-v1', 'bedrock bedrock/anthropic.claude-opus-4-6-v1:0'],
    ['bedrock', 'bedrock/us.anthropic.claude-opus-4-6-v1', 'bedrock bedrock/anthropic.claude-opus-4-6-v1:0'],
    ['Google Vertex AI', 'gemini-2.5-pro', 'vertex_ai google/gemini-2.5-pro'],
    ['AWS Bedrock', 'converse/us.amazon.nova-pro-v1:0', 'bedrock bedrock/amazon.nova-pro-v1:0'],
    ['openrouter', 'openrouter/anthropic/claude-opus-4.5', 'openrouter openrouter/anthropic/claude-opus-4.5'],
    ['openrouter', 'anthropic/claude-opus-4.5', 'openrouter openrouter/anthropic/claude-opus-4.5'],
  ])('%s %s is %s', (provider, model, expected) => {
    expect(found(provider, model)).toBe(expected);
  });

  it.each([
    ['claude-sonnet-4-5', 'anthropic anthropic/claude-sonnet-4-5'],
    ['o4-mini', 'openai openai/o4-mini'],
    ['xai/grok-4', 'xai xai/grok-4-0709'],
    ['vertex_ai/claude-sonnet-4-5@20250929', 'vertex_ai vertex_ai/claude-sonnet-4-5'],
    ['eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'bedrock bedrock/anthropic.claude-haiku-4-5-20251001-v1:0'],
    ['publishers/anthropic/models/claude-sonnet-4-5@20250929', 'vertex_ai vertex_ai/claude-sonnet-4-5'],
    ['arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0', 'bedrock bedrock/amazon.nova-pro-v1:0'],
  ])('without a provider %s is %s', (model, expected) => {
    expect(found(null, model)).toBe(expected);
    expect(found('litellm', model)).toBe(expected);
  });

  it.each([
    ['openai', 'gpt-4o-super-2031-01-01', 'unknown_model'],
    ['openai', 'gpt-4o-2031-01-01', 'unknown_model'],
    ['anthropic', 'claude-opus-4-6-20261399', 'unknown_model'],
    ['anthropic', 'my-claude-opus-4-6', 'unknown_model'],
    ['xai', 'groq-4', 'unknown_model'],
    ['bedrock', 'anthropic.claude-opus-4-6-turbo-v1:0', 'unknown_model'],
    ['bedrock', 'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123', 'unknown_model'],
    [
      'bedrock',
      'arn:aws:bedrock:us-east-1:1:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/x1',
      'unknown_model',
    ],
    ['openrouter', 'meta-llama/llama-3.3-70b-instruct:batch', 'unknown_model'],
    ['custom-proxy', 'gpt-4o', 'unknown_provider'],
    [null, 'agent_7f3a', 'no_provider'],
    [null, ' ', 'no_model'],
    ['openai', 'x'.repeat(600), 'unknown_model'],
  ])('%s %s stays unknown: %s', (provider, model, reason) => {
    expect(found(provider, model)).toBe(reason);
  });

  it('titan v2 is not priced as v1', () => {
    expect(found('bedrock', 'amazon.titan-embed-text-v2:0')).toBe('bedrock bedrock/amazon.titan-embed-text-v2:0');
    expect(found('bedrock', 'amazon.titan-embed-text-v3:0')).toBe('unknown_model');
  });

  it('an alias may move', () => {
    const latest = (at: string) => found('mistral', 'mistral-large-latest', Date.parse(at));
    expect(latest('2025-12-01T23:59:59Z')).toBe('mistral mistral/mistral-large');
    expect(latest('2025-12-02T00:00:00Z')).toBe('mistral mistral/mistral-large-2512');
  });

  it('tells global Bedrock endpoints from the others', () => {
    const endpoint = (model: string) => matchModel(book, 'bedrock', model).endpoint;
    expect(endpoint('global.anthropic.claude-sonnet-4-5-20250929-v1:0')).toBe('global');
    expect(endpoint('eu.anthropic.claude-sonnet-4-5-20250929-v1:0')).toBe('geo');
    expect(endpoint('anthropic.claude-sonnet-4-5-20250929-v1:0')).toBe('in_region');
  });
});

describe('I7 the cache of matches', () => {
  it('is bounded', () => {
    const small = loadPriceBook({ format: 1, version: 't', sources: [], providers: [], models: {}, rows: {} });
    for (let index = 0; index < 5000; index++) matchModel(small, 'p', `model-${index}`);
    expect(small.matchCache.size).toBe(4096);
    matchModel(small, 'p', 'y'.repeat(2000));
    expect(small.matchCache.size).toBe(4096);
  });
});
