import { describe, expect, it } from 'vitest';
import { INGRESS_DEFAULTS } from '../config.ts';
import { compileRouting } from '../gateways/routing.ts';
import { createTargetResolver, resolveTarget } from './call-target.ts';

const config = compileRouting({
  ...INGRESS_DEFAULTS,
  gateways: { team: { collectPayloads: true } },
  providers: { openai: { baseUrl: 'http://localhost:9/v1' } },
  customProviders: {
    acme: { baseUrl: 'https://acme.test/api' },
    own: { baseUrl: 'https://own.test', headers: { 'X-Api-Key': 's3cret', unset: '' } },
  },
});

describe('resolveTarget', () => {
  it.each([
    ['/openai/chat/completions', 'default', 'default', 'openai', 'http://localhost:9', '/v1/chat/completions'],
    ['/v1/acc/team/openai/v1/models?x=1', 'acc', 'team', 'openai', 'http://localhost:9', '/v1/models?x=1'],
    ['/anthropic/v1/messages', 'default', 'default', 'anthropic', 'https://api.anthropic.com', '/v1/messages'],
    ['/xai/v1/responses', 'default', 'default', 'grok', 'https://api.x.ai', '/v1/responses'],
    ['/custom-acme/a/b?c=/d', 'default', 'default', 'custom-acme', 'https://acme.test', '/api/a/b?c=/d'],
    [
      '/v1/acc/default/aws-bedrock/bedrock-runtime/us-east-1/model/a%3Ab/converse',
      ...['acc', 'default', 'aws-bedrock', 'https://bedrock-runtime.us-east-1.amazonaws.com', '/model/a%3Ab/converse'],
    ],
    [
      '/v1/0123abc/default/workers-ai/@cf/meta/llama',
      ...['0123abc', 'default', 'workers-ai', 'https://api.cloudflare.com'],
      '/client/v4/accounts/0123abc/ai/run/@cf/meta/llama',
    ],
  ])('%s', (url, account, gateway, provider, origin, path) => {
    const target = resolveTarget(url, config, undefined);
    expect(target).toMatchObject({ account, gateway, provider, origin, path });
    expect(target).toMatchObject({ host: new URL(origin).host });
  });

  it("takes fal's target header from fal's own hosts only", () => {
    const queue = resolveTarget('/fal/x', config, 'https://queue.fal.run/fal-ai/flux?y=1');
    expect(queue).toMatchObject({ origin: 'https://queue.fal.run', path: '/fal-ai/flux?y=1' });
    for (const bad of ['https://evil.test/x', 'http://queue.fal.run/x', 'https://fal.run.evil.test/']) {
      expect(resolveTarget('/fal/x', config, bad)).toMatchObject({ refusal: { code: 'INGRESS_PATH_INVALID' } });
    }
    expect(resolveTarget('/anthropic/x', config, 'https://evil.test/x')).toMatchObject({
      origin: 'https://api.anthropic.com',
    });
  });

  it.each(['/__proto__/x', '/constructor/x', '/toString', '//', '/v1//', '/v1/a', '*', ''])('refuses %s', (url) => {
    expect(resolveTarget(url, config, undefined)).toHaveProperty('refusal');
  });
});

describe('createTargetResolver', () => {
  const resolve = createTargetResolver(config);

  it('gives the same targets, remembered or not, without end', () => {
    for (let index = 0; index < 3_000; index += 1) {
      const url = `/anthropic/v1/messages/${index % 1_500}`;
      expect(resolve(url, undefined)).toEqual(resolveTarget(url, config, undefined));
    }
    expect(resolve('/anthropic/v1/messages', undefined)).toBe(resolve('/anthropic/v1/messages', undefined));
    expect(resolve('/no-such/v1', undefined)).toHaveProperty('refusal');
  });

  it('I8 remembers no target with a query, and none that a header names', () => {
    const keyed = '/google-ai-studio/v1beta/models/m:generateContent?key=s3cret';
    expect(resolve(keyed, undefined)).not.toBe(resolve(keyed, undefined));
    const [first, second] = ['https://queue.fal.run/a', 'https://queue.fal.run/b'];
    expect([resolve('/fal/x', first), resolve('/fal/x', second)]).toMatchObject([{ path: '/a' }, { path: '/b' }]);
  });

  it('brings the headers of a custom provider, those that are set', () => {
    expect(resolve('/custom-own/a', undefined)).toMatchObject({ ownHeaders: { 'x-api-key': 's3cret' } });
    expect(resolve('/custom-acme/a', undefined)).toMatchObject({ ownHeaders: undefined });
  });
});
