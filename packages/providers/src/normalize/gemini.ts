import { CountReader, emptyUsage, type MutableUsage, type NormalizedUsage } from './counts.ts';
import { arrayAt, asObject, type JsonObject } from './json-object.ts';

type Modality = 'text' | 'image' | 'audio' | 'video';

/** Names and the numbers that gRPC transcoding puts in their place; documents are counted as images. */
const MODALITIES: Readonly<Record<string, Modality>> = {
  '1': 'text',
  '2': 'image',
  '3': 'video',
  '4': 'audio',
  '5': 'image',
  text: 'text',
  image: 'image',
  video: 'video',
  audio: 'audio',
  document: 'image',
};

/** `usageMetadata` of generateContent, Live and embeddings: thoughts and tool-use prompts ADD (providers.md §2.4). */
export function normalizeGemini(raw: JsonObject): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const thoughts = reader.count(raw, 'thoughtsTokenCount');
  usage.toolUsePromptTokens = reader.count(raw, 'toolUsePromptTokenCount');
  usage.inputTokens = reader.count(raw, 'promptTokenCount') + usage.toolUsePromptTokens;
  usage.outputTokens = reader.count(raw, 'candidatesTokenCount', 'responseTokenCount') + thoughts;
  usage.reasoningTokens = thoughts;
  const cached = reader.count(raw, 'cachedContentTokenCount');
  usage.cacheReadTokens = reader.clamp(cached, usage.inputTokens, 'cached_clamped');
  addModalities(reader, usage, 'input', raw, 'tokenCount', 'promptTokensDetails', 'promptTokenDetails');
  addModalities(reader, usage, 'cache', raw, 'tokenCount', 'cacheTokensDetails');
  addModalities(reader, usage, 'output', raw, 'tokenCount', 'candidatesTokensDetails', 'responseTokensDetails');
  const reported = reader.optional(raw, 'totalTokenCount');
  const sum = usage.inputTokens + usage.outputTokens;
  // Live leaves thoughts out of its total.
  if (reported !== undefined && reported !== sum && reported !== sum - thoughts) reader.flag('total_mismatch');
  usage.totalTokens = reported ?? sum;
  return reader.finish(usage);
}

/** Gemini Interactions API (providers.md §1). */
export function normalizeInteractions(raw: JsonObject): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const thoughts = reader.count(raw, 'total_thought_tokens');
  usage.toolUsePromptTokens = reader.count(raw, 'total_tool_use_tokens');
  usage.inputTokens = reader.count(raw, 'total_input_tokens') + usage.toolUsePromptTokens;
  usage.outputTokens = reader.count(raw, 'total_output_tokens') + thoughts;
  usage.reasoningTokens = thoughts;
  const cached = reader.count(raw, 'total_cached_tokens');
  usage.cacheReadTokens = reader.clamp(cached, usage.inputTokens, 'cached_clamped');
  addModalities(reader, usage, 'input', raw, 'tokens', 'input_tokens_by_modality');
  addModalities(reader, usage, 'cache', raw, 'tokens', 'cached_tokens_by_modality');
  addModalities(reader, usage, 'output', raw, 'tokens', 'output_tokens_by_modality');
  const reported = reader.optional(raw, 'total_tokens');
  const sum = usage.inputTokens + usage.outputTokens;
  if (reported !== undefined && reported !== sum) reader.flag('total_mismatch');
  usage.totalTokens = reported ?? sum;
  return reader.finish(usage);
}

function addModalities(
  reader: CountReader,
  usage: MutableUsage,
  side: 'input' | 'cache' | 'output',
  raw: JsonObject,
  countKey: string,
  ...listKeys: readonly string[]
): void {
  // Interactions: images cost what text costs, so only the dearer modalities are split off.
  const split = countKey === 'tokens' ? ['audio', 'video'] : ['audio', 'video', 'image'];
  const listKey = listKeys.find((key) => Array.isArray(raw[key]));
  if (listKey === undefined) return;
  for (const item of arrayAt(raw, listKey)) {
    const entry = asObject(item);
    const count = reader.count(entry, countKey);
    const modality = MODALITIES[String(entry?.['modality']).toLowerCase()];
    if (count === 0 || modality === undefined || modality === 'text' || !split.includes(modality)) continue;
    addCount(usage, side, modality, count);
  }
}

function addCount(usage: MutableUsage, side: string, modality: Exclude<Modality, 'text'>, count: number): void {
  if (side === 'output') {
    if (modality === 'audio') usage.outputAudioTokens += count;
    else if (modality === 'image') usage.outputImageTokens += count;
  } else if (side === 'cache') {
    if (modality === 'audio') usage.cacheReadAudioTokens += count;
    else if (modality === 'image') usage.cacheReadImageTokens += count;
    else usage.cacheReadVideoTokens += count;
  } else if (modality === 'audio') usage.inputAudioTokens += count;
  else if (modality === 'image') usage.inputImageTokens += count;
  else usage.inputVideoTokens += count;
}
