/** How a request of the demo is written. */
export type DemoApi = 'chat' | 'responses' | 'messages' | 'gemini' | 'converse' | 'cohere' | 'embeddings';

export interface DemoModel {
  readonly provider: string;
  readonly model: string;
  readonly api: DemoApi;
  /** Asks the model to think, where that is a request option. */
  readonly thinking?: boolean;
}

export interface DemoFeature {
  readonly name: string;
  /** Share of the traffic, relative to the other features. */
  readonly weight: number;
  readonly models: readonly DemoModel[];
  /** Sentences of instructions: more than about 60 make a prefix that providers cache. */
  readonly instructionSentences: number;
  readonly promptWords: { readonly min: number; readonly max: number };
  readonly maxOutputTokens: number;
  /** Share of requests that stream. */
  readonly streaming: number;
  readonly tool?: string;
  /** True when the requests of a user belong to one session. */
  readonly sessions?: boolean;
}

const GPT_4O: DemoModel = { provider: 'openai', model: 'gpt-4o', api: 'chat' };
const GPT_4O_MINI: DemoModel = { provider: 'openai', model: 'gpt-4o-mini', api: 'chat' };
const O4_MINI: DemoModel = { provider: 'openai', model: 'o4-mini', api: 'responses' };
const GPT_5_MINI: DemoModel = { provider: 'openai', model: 'gpt-5-mini', api: 'responses' };
const SONNET: DemoModel = { provider: 'anthropic', model: 'claude-sonnet-4-6', api: 'messages' };
const GPT_5_6: DemoModel = { provider: 'openai', model: 'gpt-5.6-luna', api: 'chat' };
const SONNET_THINKING: DemoModel = { ...SONNET, thinking: true };
const HAIKU: DemoModel = { provider: 'anthropic', model: 'claude-haiku-4-5', api: 'messages' };
const FLASH: DemoModel = { provider: 'google-ai-studio', model: 'gemini-2.5-flash', api: 'gemini' };
const PRO: DemoModel = { provider: 'google-ai-studio', model: 'gemini-2.5-pro', api: 'gemini' };
const NOVA: DemoModel = { provider: 'aws-bedrock', model: 'us.amazon.nova-pro-v1:0', api: 'converse' };
const BEDROCK_HAIKU: DemoModel = {
  provider: 'aws-bedrock',
  model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  api: 'converse',
};
const MISTRAL: DemoModel = { provider: 'mistral', model: 'mistral-small-latest', api: 'chat' };
const LLAMA: DemoModel = { provider: 'groq', model: 'llama-3.3-70b-versatile', api: 'chat' };
const GPT_OSS: DemoModel = { provider: 'groq', model: 'openai/gpt-oss-120b', api: 'chat' };
const DEEPSEEK: DemoModel = { provider: 'deepseek', model: 'deepseek-chat', api: 'chat' };
const GROK: DemoModel = { provider: 'grok', model: 'grok-3-mini', api: 'chat' };
const ROUTED: DemoModel = { provider: 'openrouter', model: 'openai/gpt-4o-mini', api: 'chat' };
const SONAR: DemoModel = { provider: 'perplexity-ai', model: 'sonar', api: 'chat' };
const COMMAND: DemoModel = { provider: 'cohere', model: 'command-r7b-12-2024', api: 'cohere' };
const EMBEDDING: DemoModel = { provider: 'openai', model: 'text-embedding-3-small', api: 'embeddings' };
/** In no price list, so that an unknown price is seen to be unknown. */
const UNPRICED: DemoModel = { provider: 'openai', model: 'acme-house-model-7b', api: 'chat' };

/** The features of the imagined products. Models are priced by the built-in price book, except the house model. */
export const DEMO_FEATURES: readonly DemoFeature[] = [
  {
    name: 'chat',
    weight: 30,
    models: [GPT_4O_MINI, GPT_4O_MINI, HAIKU, FLASH, LLAMA, GPT_5_MINI, GROK],
    instructionSentences: 12,
    promptWords: { min: 8, max: 60 },
    maxOutputTokens: 400,
    streaming: 0.9,
    sessions: true,
  },
  {
    name: 'summarise',
    weight: 18,
    models: [GPT_4O, SONNET, PRO, MISTRAL, NOVA],
    instructionSentences: 20,
    promptWords: { min: 300, max: 1500 },
    maxOutputTokens: 300,
    streaming: 0.2,
  },
  {
    name: 'code-review',
    weight: 14,
    models: [SONNET, SONNET_THINKING, SONNET, GPT_5_6, O4_MINI, DEEPSEEK],
    instructionSentences: 140,
    promptWords: { min: 150, max: 900 },
    maxOutputTokens: 1200,
    streaming: 0.7,
    sessions: true,
  },
  {
    name: 'extract',
    weight: 14,
    models: [GPT_4O_MINI, HAIKU, BEDROCK_HAIKU, FLASH, GPT_OSS],
    instructionSentences: 110,
    promptWords: { min: 60, max: 300 },
    maxOutputTokens: 200,
    streaming: 0,
    tool: 'record_fields',
  },
  {
    name: 'search',
    weight: 10,
    models: [SONAR, COMMAND, ROUTED],
    instructionSentences: 6,
    promptWords: { min: 5, max: 25 },
    maxOutputTokens: 250,
    streaming: 0.5,
  },
  {
    name: 'index',
    weight: 12,
    models: [EMBEDDING],
    instructionSentences: 0,
    promptWords: { min: 80, max: 400 },
    maxOutputTokens: 0,
    streaming: 0,
  },
  {
    name: 'moderate',
    weight: 2,
    models: [UNPRICED],
    instructionSentences: 10,
    promptWords: { min: 10, max: 80 },
    maxOutputTokens: 60,
    streaming: 0,
  },
];

export interface DemoTenant {
  readonly name: string;
  readonly weight: number;
  readonly users: readonly string[];
}

export const DEMO_TENANTS: readonly DemoTenant[] = [
  { name: 'northwind', weight: 5, users: ['ana', 'bo', 'chen', 'dilan', 'eve'] },
  { name: 'globex', weight: 3, users: ['farid', 'gus', 'hana'] },
  { name: 'initech', weight: 2, users: ['ines', 'jon'] },
];

export const DEMO_ENVIRONMENTS: readonly { readonly name: string; readonly weight: number }[] = [
  { name: 'production', weight: 8 },
  { name: 'staging', weight: 2 },
];
