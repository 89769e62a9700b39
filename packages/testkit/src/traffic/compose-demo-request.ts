import type { JsonObject } from '../replay/json-access.ts';
import type { SeededRandom } from '../replay/synthesis/seeded-random.ts';
import { DEMO_ENVIRONMENTS, DEMO_FEATURES, DEMO_TENANTS, type DemoFeature, type DemoModel } from './demo-catalogue.ts';

export interface DemoRequest {
  readonly provider: string;
  readonly model: string;
  readonly feature: string;
  readonly tenant: string;
  readonly stream: boolean;
  /** Path after the provider's slug, with a leading slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface DemoRequestOptions {
  /** Share of requests for which the replay provider is told to answer 429 or 500. */
  readonly errorShare: number;
  /** When set, prompts of this feature are four times as long: a prompt that grew by mistake. */
  readonly grownFeature: string | undefined;
}

const WORDS =
  'invoice river budget report sensor pipeline account review meadow latency customer query copper gauge signal draft harbour contract module token'.split(
    ' ',
  );

function weighted<T extends { readonly weight: number }>(items: readonly T[], random: SeededRandom): T {
  let left = random.next() * items.reduce((sum, item) => sum + item.weight, 0);
  for (const item of items) {
    left -= item.weight;
    if (left < 0) return item;
  }
  return random.pick(items);
}

function text(words: number, random: SeededRandom): string {
  return Array.from({ length: words }, () => random.pick(WORDS)).join(' ');
}

/** The same for every request of a feature and version, so that prompt caches and fingerprints have something to find. */
function instructions(feature: DemoFeature, version: string): string {
  return Array.from(
    { length: feature.instructionSentences },
    (_, index) => `Rule ${index + 1} of ${feature.name} ${version}: be exact, be brief, and name your source.`,
  ).join(' ');
}

/** One request of the demo; everything about it follows from `random`. */
export function composeDemoRequest(random: SeededRandom, options: DemoRequestOptions): DemoRequest {
  const tenant = weighted(DEMO_TENANTS, random);
  const user = random.pick(tenant.users);
  const feature = weighted(DEMO_FEATURES, random);
  const model = random.pick(feature.models);
  const stream = random.next() < feature.streaming;
  const version = random.next() < 0.8 ? 'v3' : 'v2';
  const growth = options.grownFeature === feature.name ? 4 : 1;
  const prompt = text(random.int(feature.promptWords.min, feature.promptWords.max) * growth, random);
  const written = WRITERS[model.api]({ feature, model, stream, system: instructions(feature, version), prompt });
  const metadata = {
    tenant: tenant.name,
    feature: feature.name,
    user: `${tenant.name}-${user}`,
    env: weighted(DEMO_ENVIRONMENTS, random).name,
    prompt_version: version,
  };
  const fault = random.next() < options.errorShare ? random.pick(['status=429; retry-after=1', 'status=500']) : '';
  return {
    provider: model.provider,
    model: model.model,
    feature: feature.name,
    tenant: tenant.name,
    stream,
    path: written.path,
    headers: {
      'content-type': 'application/json',
      ...credential(model.provider, `demo-${tenant.name}`),
      'cf-aig-metadata': JSON.stringify(metadata),
      ...(feature.sessions === true
        ? { 'cf-aig-session-id': `${tenant.name}-${user}-${feature.name}-${random.int(1, 5)}` }
        : {}),
      ...(fault === '' ? {} : { 'x-replay-fault': fault }),
    },
    body: JSON.stringify(written.body),
  };
}

function credential(provider: string, key: string): Record<string, string> {
  if (provider === 'anthropic') return { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
  if (provider === 'google-ai-studio') return { 'x-goog-api-key': key };
  return { authorization: `Bearer ${key}` };
}

interface Wish {
  readonly feature: DemoFeature;
  readonly model: DemoModel;
  readonly stream: boolean;
  readonly system: string;
  readonly prompt: string;
}

interface Written {
  readonly path: string;
  readonly body: JsonObject;
}

const TOOL_SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, total: { type: 'integer' }, paid: { type: 'boolean' } },
  required: ['name', 'total', 'paid'],
} as const;

function optionalTool(feature: DemoFeature, write: (name: string) => JsonObject): JsonObject {
  return feature.tool === undefined ? {} : write(feature.tool);
}

const WRITERS: Readonly<Record<DemoModel['api'], (wish: Wish) => Written>> = {
  chat: ({ feature, model, stream, system, prompt }) => ({
    path:
      model.provider === 'perplexity-ai' || model.provider === 'deepseek'
        ? '/chat/completions'
        : '/v1/chat/completions',
    body: {
      model: model.model,
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: prompt },
      ],
      max_completion_tokens: feature.maxOutputTokens,
      ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
      ...optionalTool(feature, (name) => ({
        tools: [{ type: 'function', function: { name, parameters: TOOL_SCHEMA } }],
      })),
    },
  }),
  responses: ({ feature, model, stream, system, prompt }) => ({
    path: '/v1/responses',
    body: {
      model: model.model,
      instructions: system,
      input: prompt,
      max_output_tokens: feature.maxOutputTokens,
      reasoning: { effort: 'low' },
      ...(stream ? { stream: true } : {}),
    },
  }),
  messages: ({ feature, model, stream, system, prompt }) => ({
    path: '/v1/messages',
    body: {
      model: model.model,
      max_tokens: feature.maxOutputTokens + 1024,
      system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: prompt }],
      ...(stream ? { stream: true } : {}),
      ...(model.thinking === true ? { thinking: { type: 'enabled', budget_tokens: 1024 } } : {}),
      ...optionalTool(feature, (name) => ({ tools: [{ name, input_schema: TOOL_SCHEMA }] })),
    },
  }),
  gemini: ({ feature, model, stream, system, prompt }) => ({
    path: `/v1beta/models/${model.model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: {
      systemInstruction: { parts: [{ text: system }] },
      contents: [{ role: 'user', parts: [{ text: prompt }] }],
      generationConfig: { maxOutputTokens: feature.maxOutputTokens },
      ...optionalTool(feature, (name) => ({ tools: [{ functionDeclarations: [{ name, parameters: TOOL_SCHEMA }] }] })),
    },
  }),
  converse: ({ feature, model, stream, system, prompt }) => ({
    path: `/bedrock-runtime/us-east-1/model/${encodeURIComponent(model.model)}/${stream ? 'converse-stream' : 'converse'}`,
    body: {
      system: [{ text: system }, { cachePoint: { type: 'default' } }],
      messages: [{ role: 'user', content: [{ text: prompt }] }],
      inferenceConfig: { maxTokens: feature.maxOutputTokens },
      ...optionalTool(feature, (name) => ({
        toolConfig: { tools: [{ toolSpec: { name, inputSchema: { json: TOOL_SCHEMA } } }] },
      })),
    },
  }),
  cohere: ({ feature, model, stream, system, prompt }) => ({
    path: '/v2/chat',
    body: {
      model: model.model,
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: prompt },
      ],
      max_tokens: feature.maxOutputTokens,
      ...(stream ? { stream: true } : {}),
    },
  }),
  embeddings: ({ model, prompt }) => ({
    path: '/v1/embeddings',
    body: { model: model.model, input: prompt },
  }),
};
