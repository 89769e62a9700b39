import { describe, expect, it } from 'vitest';
import { CREDENTIAL_HEADERS, customSlug, findProvider, PROVIDERS } from './provider-registry.ts';
import { redactPath } from './redact-path.ts';
import { isAllowedFalTarget, type ResolveOptions, resolveUpstream } from './resolve-upstream.ts';

function url(slug: string, rest: string, options?: ResolveOptions): string {
  const resolved = resolveUpstream(slug, rest, options);
  return resolved.ok ? resolved.url : resolved.error.code;
}

const ACCOUNT: ResolveOptions = { accountId: '0123456789abcdef0123456789abcdef' };
const CF = 'https://api.cloudflare.com/client/v4/accounts/0123456789abcdef0123456789abcdef/ai';

describe('resolveUpstream', () => {
  it.each([
    ['openai', 'chat/completions', 'https://api.openai.com/v1/chat/completions'],
    ['openai', '/v1/chat/completions?a=b%20c', 'https://api.openai.com/v1/chat/completions?a=b%20c'],
    ['anthropic', 'v1/messages', 'https://api.anthropic.com/v1/messages'],
    ['anthropic', 'messages?beta=true', 'https://api.anthropic.com/v1/messages?beta=true'],
    [
      'google-ai-studio',
      'v1beta/models/gemini-2.5-flash:generateContent?key=k',
      'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=k',
    ],
    ['groq', 'chat/completions', 'https://api.groq.com/openai/v1/chat/completions'],
    ['groq', 'openai/v1/chat/completions', 'https://api.groq.com/openai/v1/chat/completions'],
    ['groq', 'v1/models', 'https://api.groq.com/openai/v1/models'],
    ['grok', 'v1/responses', 'https://api.x.ai/v1/responses'],
    ['xai', 'chat/completions', 'https://api.x.ai/v1/chat/completions'],
    ['deepseek', 'chat/completions', 'https://api.deepseek.com/chat/completions'],
    ['deepseek', 'anthropic/v1/messages', 'https://api.deepseek.com/anthropic/v1/messages'],
    ['cohere', 'v2/chat', 'https://api.cohere.com/v2/chat'],
    ['perplexity-ai', 'chat/completions', 'https://api.perplexity.ai/chat/completions'],
    ['openrouter', 'v1/chat/completions', 'https://openrouter.ai/api/v1/chat/completions'],
    ['openrouter', 'api/v1/responses', 'https://openrouter.ai/api/v1/responses'],
    ['replicate', 'predictions', 'https://api.replicate.com/v1/predictions'],
    ['replicate', 'v1/predictions', 'https://api.replicate.com/v1/predictions'],
    ['fireworks', 'chat/completions', 'https://api.fireworks.ai/inference/v1/chat/completions'],
    ['huggingface', 'v1/chat/completions', 'https://router.huggingface.co/v1/chat/completions'],
    ['huggingface', 'together/v1/chat/completions', 'https://router.huggingface.co/together/v1/chat/completions'],
    ['huggingface', 'google/gemma-2b', 'https://router.huggingface.co/hf-inference/models/google/gemma-2b'],
    ['baseten', 'v1/chat/completions', 'https://inference.baseten.co/v1/chat/completions'],
    ['baseten', 'model/abc123', 'https://model-abc123.api.baseten.co/production/predict'],
    ['ollama', 'api/chat', 'http://127.0.0.1:11434/api/chat'],
    ['elevenlabs', 'v1/text-to-speech/x', 'https://api.elevenlabs.io/v1/text-to-speech/x'],
  ])('%s %s', (slug, rest, expected) => {
    expect(url(slug, rest)).toBe(expected);
  });

  it('builds hosts from Azure resources, Bedrock regions and Vertex locations', () => {
    expect(url('azure-openai', 'my-res/gpt-4o/chat/completions?api-version=2024-10-21')).toBe(
      'https://my-res.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
    );
    expect(url('azure-openai', 'my-res/openai/v1/responses')).toBe(
      'https://my-res.openai.azure.com/openai/v1/responses',
    );
    expect(url('azure-openai', 'my-res/models/chat/completions')).toBe(
      'https://my-res.services.ai.azure.com/models/chat/completions',
    );
    expect(url('aws-bedrock', 'bedrock-runtime/us-east-1/model/us.anthropic.claude%3A0/converse')).toBe(
      'https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude%3A0/converse',
    );
    expect(url('aws-bedrock', 'bedrock-mantle/eu-west-1/anthropic/v1/messages')).toBe(
      'https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages',
    );
    const models = 'projects/p/locations/europe-west4/publishers/google/models/g:generateContent';
    expect(url('google-vertex-ai', `v1/${models}`)).toBe(`https://europe-west4-aiplatform.googleapis.com/v1/${models}`);
    expect(url('google-vertex-ai', 'v1/projects/p/locations/global/x')).toBe(
      'https://aiplatform.googleapis.com/v1/projects/p/locations/global/x',
    );
    expect(resolveUpstream('google-vertex-ai', `v1/${models}`)).toMatchObject({ region: 'europe-west4' });
  });

  it('needs an account for Workers AI', () => {
    expect(url('workers-ai', '@cf/meta/llama', ACCOUNT)).toBe(`${CF}/run/@cf/meta/llama`);
    expect(url('workers-ai', 'run/@cf/meta/llama', ACCOUNT)).toBe(`${CF}/run/@cf/meta/llama`);
    expect(url('workers-ai', 'v1/chat/completions', ACCOUNT)).toBe(`${CF}/v1/chat/completions`);
    expect(url('workers-ai', 'v1/chat/completions')).toBe('UPSTREAM_ACCOUNT_MISSING');
  });

  it('replaces scheme, host and prefix by an override without repeating its version', () => {
    const groq = { baseUrlOverride: 'http://127.0.0.1:9000/stub/' };
    expect(url('groq', 'chat/completions', groq)).toBe('http://127.0.0.1:9000/stub/v1/chat/completions');
    const openai = { baseUrlOverride: 'http://127.0.0.1:9000/v1' };
    expect(url('openai', 'v1/models', openai)).toBe('http://127.0.0.1:9000/v1/models');
    expect(resolveUpstream('openai', 'models?x=1', openai)).toMatchObject({ path: '/v1/models?x=1' });
    const bedrock = { baseUrlOverride: 'http://127.0.0.1:9000' };
    expect(url('aws-bedrock', 'bedrock-runtime/us-east-1/model/a%3A0/invoke', bedrock)).toBe(
      'http://127.0.0.1:9000/model/a%3A0/invoke',
    );
  });

  it.each([
    ['openai', 'v1/responses', 'https://eu.api.openai.com/v1', 'eu'],
    ['openai', 'v1/responses', 'https://api.openai.com/v1', ''],
    ['openai', 'v1/responses', 'https://eu.api.openai.com.evil.example/v1', ''],
    ['google-vertex-ai', 'v1/projects/p/locations/global/x', 'https://us-east5-aiplatform.googleapis.com', 'us-east5'],
    ['google-vertex-ai', 'v1/projects/p/locations/eu/x', 'https://aiplatform.eu.rep.googleapis.com', 'eu'],
    ['aws-bedrock', 'bedrock-runtime/us-east-1/model/a/invoke', 'https://proxy.example', 'us-east-1'],
    [
      'aws-bedrock',
      'bedrock-runtime/us-east-1/model/a/invoke',
      'https://bedrock-runtime.eu-central-1.amazonaws.com',
      'eu-central-1',
    ],
  ])('I4 %s %s at %s is of region "%s": what a residency costs is in the host', (slug, rest, base, region) => {
    expect(resolveUpstream(slug, rest, { baseUrlOverride: base })).toMatchObject({ ok: true, region });
  });

  it('reaches configured custom providers only', () => {
    const options = { customProviders: { neon: { baseUrl: 'https://ai.example.com/base' } } };
    expect(url('custom-neon', 'v1/chat/completions', options)).toBe('https://ai.example.com/base/v1/chat/completions');
    expect(url('custom-other', 'x', options)).toBe('PROVIDER_UNKNOWN');
    expect(url('custom-constructor', 'x', options)).toBe('PROVIDER_UNKNOWN');
    expect(url('constructor', 'x')).toBe('PROVIDER_UNKNOWN');
  });

  it.each([
    ['azure-openai', 'evil.com%2f/gpt/chat/completions', 'UPSTREAM_HOST_INVALID'],
    ['azure-openai', 'evil.com:443@x/gpt/chat/completions', 'UPSTREAM_HOST_INVALID'],
    ['aws-bedrock', 'bedrock-runtime/us.evil.com/model/x/invoke', 'UPSTREAM_HOST_INVALID'],
    ['aws-bedrock', 's3/us-east-1/bucket', 'UPSTREAM_PATH_INVALID'],
    ['google-vertex-ai', 'v1/projects/p/locations/evil.com%23/x', 'UPSTREAM_HOST_INVALID'],
    ['baseten', 'model/evil.com%2F', 'UPSTREAM_HOST_INVALID'],
    ['openai', 'v1/../../admin', 'UPSTREAM_PATH_INVALID'],
    ['openai', 'v1/%2e%2E/admin', 'UPSTREAM_PATH_INVALID'],
    ['openai', 'v1\\..\\x', 'UPSTREAM_PATH_INVALID'],
    ['openai', 'v1/..%2Fadmin', 'UPSTREAM_PATH_INVALID'],
    ['openai', 'v1/x%5c%2e%2e', 'UPSTREAM_PATH_INVALID'],
    ['openai', 'v1/x\r\nhost: y', 'UPSTREAM_PATH_INVALID'],
  ])('refuses %s %j', (slug, rest, code) => {
    expect(url(slug, rest)).toBe(code);
  });
});

describe('registry', () => {
  it('holds every slug of the wire contract, and its other spellings', () => {
    const slugs =
      'openai anthropic google-ai-studio google-vertex-ai azure-openai aws-bedrock workers-ai groq grok mistral deepseek cerebras cohere perplexity-ai openrouter huggingface replicate fal ideogram cartesia elevenlabs deepgram baseten parallel fireworks'.split(
        ' ',
      );
    expect(slugs.filter((slug) => !PROVIDERS.has(slug))).toEqual([]);
    expect(findProvider('xai')?.slug).toBe('grok');
    expect(findProvider('azure-openai')?.pricingProvider).toBe('azure');
    expect(findProvider('toString')).toBeUndefined();
    expect(customSlug('custom-neon')).toBe('neon');
    for (const header of ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'xi-api-key']) {
      expect(CREDENTIAL_HEADERS.has(header)).toBe(true);
    }
  });

  it('I8 redacts credentials in queries', () => {
    expect(redactPath('/v1/x?key=s3cret&alt=sse')).toBe('/v1/x?key=REDACTED&alt=sse');
    expect(redactPath('/v1/x?%6Bey=s3cret&API_KEY=t&monkey=1')).toBe('/v1/x?%6Bey=REDACTED&API_KEY=REDACTED&monkey=1');
    expect(redactPath('/v1/x?%E0%A4%A=1&X-Amz-Signature=abc')).toBe('/v1/x?%E0%A4%A=1&X-Amz-Signature=REDACTED');
    expect(redactPath('/v1/x')).toBe('/v1/x');
  });

  it('allows only targets of fal itself', () => {
    expect(isAllowedFalTarget('https://queue.fal.run/fal-ai/flux')).toBe(true);
    for (const target of [
      'http://fal.run/x',
      'https://fal.run.evil.com/',
      'https://evilfal.run/',
      'https://fal.run:8443/',
      'https://a@fal.run/',
      'x',
    ]) {
      expect(isAllowedFalTarget(target)).toBe(false);
    }
  });
});
