/** How a provider is reached and recognised. */
export interface ProviderSpec {
  readonly slug: string;
  /** Canonical id in the price book. */
  readonly pricingProvider: string;
  /** Scheme and host; for providers whose host comes from the path, the host used without one. */
  readonly origin: string;
  /** Fixed path before the version segment, with a leading slash; '' when there is none. */
  readonly prefix: string;
  /** Version segments that a path may start with; nothing is added in front of them. */
  readonly versions: readonly string[];
  /** Added when the path starts with none of `versions`; '' adds nothing. */
  readonly defaultVersion: string;
  /** Lower-case request headers that carry the credential. */
  readonly credentialHeaders: readonly string[];
}

type Row = readonly [
  slug: string,
  pricingProvider: string,
  origin: string,
  prefix: string,
  versions: readonly string[],
  credentialHeaders: readonly string[],
];

const BEARER = ['authorization'] as const;
const V1 = ['v1'] as const;

// The first version of a row is the one added; a row without a default starts its list with ''.
const ROWS: readonly Row[] = [
  ['openai', 'openai', 'https://api.openai.com', '', V1, BEARER],
  ['anthropic', 'anthropic', 'https://api.anthropic.com', '', V1, ['x-api-key', 'authorization']],
  [
    'google-ai-studio',
    'google',
    'https://generativelanguage.googleapis.com',
    '',
    ['v1beta', 'v1', 'v1alpha', 'upload', 'download', 'ws'],
    ['x-goog-api-key', 'authorization'],
  ],
  [
    'google-vertex-ai',
    'vertex_ai',
    'https://aiplatform.googleapis.com',
    '',
    ['v1', 'v1beta1', 'ws'],
    ['authorization', 'x-goog-api-key'],
  ],
  ['azure-openai', 'azure', 'https://openai.azure.com', '', [''], ['api-key', 'authorization']],
  ['aws-bedrock', 'bedrock', 'https://amazonaws.com', '', [''], ['authorization', 'x-amz-security-token', 'x-api-key']],
  ['workers-ai', 'cloudflare', 'https://api.cloudflare.com', '', ['', 'v1'], ['authorization', 'x-auth-key']],
  ['groq', 'groq', 'https://api.groq.com', '/openai', V1, BEARER],
  ['grok', 'xai', 'https://api.x.ai', '', V1, ['authorization', 'x-api-key']],
  ['mistral', 'mistral', 'https://api.mistral.ai', '', V1, BEARER],
  ['deepseek', 'deepseek', 'https://api.deepseek.com', '', ['', 'v1', 'beta'], ['authorization', 'x-api-key']],
  ['cerebras', 'cerebras', 'https://api.cerebras.ai', '', V1, BEARER],
  ['cohere', 'cohere', 'https://api.cohere.com', '', ['', 'v1', 'v2'], BEARER],
  ['perplexity-ai', 'perplexity', 'https://api.perplexity.ai', '', ['', 'v1'], BEARER],
  ['openrouter', 'openrouter', 'https://openrouter.ai', '/api', V1, BEARER],
  ['huggingface', 'huggingface', 'https://router.huggingface.co', '', ['', 'v1'], BEARER],
  ['replicate', 'replicate', 'https://api.replicate.com', '', V1, BEARER],
  ['fal', 'fal', 'https://fal.run', '', [''], BEARER],
  ['ideogram', 'ideogram', 'https://api.ideogram.ai', '', ['', 'v1'], ['api-key']],
  ['cartesia', 'cartesia', 'https://api.cartesia.ai', '', [''], ['x-api-key', 'authorization']],
  ['elevenlabs', 'elevenlabs', 'https://api.elevenlabs.io', '', ['v1', 'v2'], ['xi-api-key']],
  ['deepgram', 'deepgram', 'https://api.deepgram.com', '', ['v1', 'v2'], BEARER],
  ['baseten', 'baseten', 'https://inference.baseten.co', '', V1, BEARER],
  ['parallel', 'parallel', 'https://api.parallel.ai', '', ['', 'v1', 'v1beta'], ['x-api-key', 'authorization']],
  ['fireworks', 'fireworks', 'https://api.fireworks.ai', '/inference', V1, BEARER],
  ['together', 'together', 'https://api.together.xyz', '', ['v1', 'v2'], BEARER],
  ['voyage', 'voyage', 'https://api.voyageai.com', '', V1, BEARER],
  ['moonshot', 'moonshotai', 'https://api.moonshot.ai', '', V1, BEARER],
  ['sambanova', 'sambanova', 'https://api.sambanova.ai', '', V1, BEARER],
  ['nebius', 'nebius', 'https://api.studio.nebius.com', '', V1, BEARER],
  ['zai', 'zai', 'https://api.z.ai', '/api/paas', ['v4'], ['authorization', 'x-api-key']],
  ['ollama', 'ollama', 'http://127.0.0.1:11434', '', ['', 'v1'], BEARER],
];

/** Other spellings of a slug: WebSocket and REST names of the same providers. */
const ALIASES: Readonly<Record<string, string>> = {
  xai: 'grok',
  'x-ai': 'grok',
  google: 'google-ai-studio',
  gemini: 'google-ai-studio',
  'vertex-ai': 'google-vertex-ai',
  vertex: 'google-vertex-ai',
  azure: 'azure-openai',
  bedrock: 'aws-bedrock',
  'amazon-bedrock': 'aws-bedrock',
  perplexity: 'perplexity-ai',
  'together-ai': 'together',
  moonshotai: 'moonshot',
};

/** Every provider Weir knows, by slug (reference: cloudflare-ai-gateway.md §1.8). */
export const PROVIDERS: ReadonlyMap<string, ProviderSpec> = new Map(
  ROWS.map(([slug, pricingProvider, origin, prefix, versions, credentialHeaders]) => [
    slug,
    {
      slug,
      pricingProvider,
      origin,
      prefix,
      versions: versions.filter((version) => version !== ''),
      defaultVersion: versions[0] ?? '',
      credentialHeaders,
    },
  ]),
);

/** The provider of a slug or of one of its other spellings; undefined when unknown (custom ones included). */
export function findProvider(slug: string): ProviderSpec | undefined {
  return PROVIDERS.get(slug) ?? PROVIDERS.get(Object.hasOwn(ALIASES, slug) ? (ALIASES[slug] ?? '') : '');
}

/** Lower-case request headers that may carry a credential for any provider: never log or store their values (I8). */
export const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  ...ROWS.flatMap((row) => row[5]),
  'proxy-authorization',
  'cookie',
  'cf-aig-authorization',
]);

const CUSTOM_PREFIX = 'custom-';

/** `custom-{slug}` to `{slug}`; '' when the slug is not of that form. */
export function customSlug(slug: string): string {
  return slug.startsWith(CUSTOM_PREFIX) ? slug.slice(CUSTOM_PREFIX.length) : '';
}
