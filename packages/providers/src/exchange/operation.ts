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

/** The kind of call, by path (without query), model and provider. */
export function operationOf(path: string, model: string, provider: string): Operation {
  for (const [pattern, operation] of BY_PATH) if (pattern.test(path)) return operation;
  if (/\/invoke(?:-with-response-stream)?$|\/ai\/run\/|:predict$|\/predictions(?:\/|$)/.test(path)) {
    for (const [pattern, operation] of BY_MODEL) if (pattern.test(model)) return operation;
    return path.includes('/predictions') || path.endsWith(':predict') ? 'other' : 'chat';
  }
  return BY_PROVIDER[provider] ?? 'other';
}

/** How an endpoint bills: `free` never does, `repeats` tells usage that an earlier call was billed for. */
export function billingOf(method: string, path: string, operation: Operation): 'billed' | 'free' | 'repeats' {
  if (operation === 'moderation' || operation === 'count_tokens') return 'free';
  if (/\/cancel$/.test(path)) return 'repeats';
  if (/\/realtime$|\/stream(?:s\/|$)|BidiGenerateContent$/.test(path)) return 'billed';
  if (method.toUpperCase() === 'POST' || method.toUpperCase() === 'WS') {
    return /\/(?:files|uploads|vector_stores|assistants|threads)(?:\/|$)/.test(path) ? 'free' : 'billed';
  }
  return /\/(?:responses|predictions|batch(?:es|\/jobs)|interactions|chat\/completions|videos)\/[^/]+/.test(path)
    ? 'repeats'
    : 'free';
}
