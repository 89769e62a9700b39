import { remembered } from '@weir/kernel';

/** Kinds of call: the OpenTelemetry `gen_ai.operation.name` where one exists, Weir's own word otherwise. */
export const OPERATIONS = [
  'chat',
  'text_completion',
  'generate_content',
  'embeddings',
  'image',
  'video',
  'audio',
  'rerank',
  'ocr',
  'moderation',
  'count_tokens',
  'guardrail',
  'batch',
  'other',
] as const;
export type Operation = (typeof OPERATIONS)[number];

// The first match counts, so the narrow ones stand first.
const BY_PATH: readonly (readonly [RegExp, Operation])[] = [
  [/\/moderations$/, 'moderation'],
  [/count[_-]tokens$|:countTokens$|\/tokenize$/i, 'count_tokens'],
  [/\/batch(?:es|\/jobs)(?:\/|$)/, 'batch'],
  [/\/guardrail\//, 'guardrail'],
  [/\/embed(?:dings?)?$|:(?:batch)?embedContents?$/i, 'embeddings'],
  [/\/rerank$/, 'rerank'],
  [/\/ocr$/, 'ocr'],
  [/\/images?(?:\/|$)/, 'image'],
  [/\/videos?(?:\/|$)/, 'video'],
  [/\/(?:audio|tts|stt|speech|speak|listen|text-to-speech|speech-to-text)(?:\/|$)/, 'audio'],
  [/:(?:stream)?generateContent$|\/interactions(?:\/|$)/i, 'generate_content'],
  [/\/chat\/completions$|\/messages$|\/responses(?:\/|$)|\/converse(?:-stream)?$|\/chat$|\/realtime$/, 'chat'],
  [/:(?:stream)?rawPredict$/i, 'chat'],
  [/\/completions?$|\/complete$|\/api\/generate$/, 'text_completion'],
];

// Endpoints that take any kind of model: the model's name tells.
const BY_MODEL: readonly (readonly [RegExp, Operation])[] = [
  [/embed|bge-|gte-/i, 'embeddings'],
  [/rerank/i, 'rerank'],
  [/imagen|image-generat|stable-|stability|canvas|flux|diffusion|ideogram/i, 'image'],
  [/veo-|reel/i, 'video'],
  [/whisper|melotts|aura-|nova-3$/i, 'audio'],
];

const BY_PROVIDER: Readonly<Record<string, Operation>> = {
  ideogram: 'image',
  cartesia: 'audio',
  elevenlabs: 'audio',
  deepgram: 'audio',
};

const OF_ANY_MODEL = /\/invoke(?:-with-response-stream)?$|\/ai\/run\/|:predict$|\/predictions(?:\/|$)/;

/** Paths of a gateway repeat; the ones with an id in them push each other out. */
export const PATHS_REMEMBERED = 1_024;

/** What a path alone says of a call: '' when the model must decide. */
const operationOfPath = remembered<Operation | '' | 'by_provider'>(PATHS_REMEMBERED, (path) => {
  for (const [pattern, operation] of BY_PATH) if (pattern.test(path)) return operation;
  return OF_ANY_MODEL.test(path) ? '' : 'by_provider';
});
/** The kind of call, by path (without query), model and provider. */
export function operationOf(path: string, model: string, provider: string): Operation {
  const named = operationOfPath(path);
  if (named !== '' && named !== 'by_provider') return named;
  if (named === '') {
    for (const [pattern, operation] of BY_MODEL) if (pattern.test(model)) return operation;
    return path.includes('/predictions') || path.endsWith(':predict') ? 'other' : 'chat';
  }
  return BY_PROVIDER[provider] ?? 'other';
}

export type Billing = 'billed' | 'free' | 'repeats';

/** How an endpoint bills: `free` never does, `repeats` tells usage that an earlier call was billed for. */
export function billingOf(method: string, path: string, operation: Operation): Billing {
  if (operation === 'moderation' || operation === 'count_tokens') return 'free';
  const verb = method.toUpperCase();
  return verb === 'POST' || verb === 'WS' ? billingOfPost(path) : billingOfGet(path);
}

/** Paths that bill alike whatever the method. */
function billingOfAny(path: string): Billing | undefined {
  if (/\/cancel$/.test(path)) return 'repeats';
  return /\/realtime$|\/stream(?:s\/|$)|BidiGenerateContent$/.test(path) ? 'billed' : undefined;
}

const billingOfPost = remembered<Billing>(PATHS_REMEMBERED, (path) => {
  const billing = billingOfAny(path);
  if (billing !== undefined) return billing;
  return /\/(?:files|uploads|vector_stores|assistants|threads)(?:\/|$)/.test(path) ? 'free' : 'billed';
});

const billingOfGet = remembered<Billing>(PATHS_REMEMBERED, (path) => {
  const billing = billingOfAny(path);
  if (billing !== undefined) return billing;
  return /\/(?:responses|predictions|batch(?:es|\/jobs)|interactions|chat\/completions|videos)\/[^/]+/.test(path)
    ? 'repeats'
    : 'free';
});
