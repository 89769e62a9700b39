import { EMPTY_USAGE, type TokenUsage } from '@weir/usage';
import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { jsonReply, servedFacts } from '../api-call.ts';
import { asArray, asObject, asText } from '../json-access.ts';
import { tokensOf } from '../synthesis/prompt-cache.ts';
import { seededRandom } from '../synthesis/seeded-random.ts';
import { chatDialect } from './chat-dialect.ts';

const DIMENSIONS = 8;

/** Embeddings have an input and nothing else. */
function inputOnly(characters: number): TokenUsage {
  const inputTokens = tokensOf(characters);
  return { ...EMPTY_USAGE, inputTokens, totalTokens: inputTokens };
}

function vector(text: string): number[] {
  const random = seededRandom(text);
  return Array.from({ length: DIMENSIONS }, () => Math.fround(random.next() - 0.5));
}

function inputTexts(input: unknown): string[] {
  if (typeof input === 'string') return [input];
  return asArray(input).map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
}

function base64Floats(values: readonly number[]): string {
  return Buffer.from(new Float32Array(values).buffer).toString('base64');
}

/** Answers `…/embeddings` (OpenAI and the providers that copied it), as numbers or base64 as asked. */
export function replyEmbeddings(call: ApiCall, _context: ApiContext): ApiReply {
  const model = asText(call.body['model']) || (call.groups[0] ?? '');
  const texts = inputTexts(call.body['input']);
  const usage = inputOnly(texts.join('').length);
  const id = seededRandom(call.bytes).hex(24);
  const encode = call.body['encoding_format'] === 'base64' ? base64Floats : (values: readonly number[]) => values;
  const body = {
    object: 'list',
    data: texts.map((text, index) => ({ object: 'embedding', index, embedding: encode(vector(text)) })),
    model,
    usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.totalTokens },
  };
  const headers = { [chatDialect(call.provider).requestIdHeader]: `req_${id}` };
  return jsonReply(body, servedFacts({ model, stream: false, responseId: '', usage }), headers);
}

/** Answers Gemini's `:embedContent` and `:batchEmbedContents`. */
export function replyGeminiEmbeddings(call: ApiCall, _context: ApiContext): ApiReply {
  const model = call.groups[0] ?? '';
  const batch = call.groups[1] === 'batchEmbedContents';
  const requests = batch ? asArray(call.body['requests']).map(asObject) : [call.body];
  const texts = requests.map((request) =>
    asArray(asObject(request['content'])['parts'])
      .map((part) => asText(asObject(part)['text']))
      .join(''),
  );
  const usage = inputOnly(texts.join('').length);
  const vectors = texts.map((text) => ({ values: vector(text) }));
  const usageMetadata = {
    promptTokenCount: usage.inputTokens,
    promptTokenDetails: [{ modality: 'TEXT', tokenCount: usage.inputTokens }],
  };
  const body = batch ? { embeddings: vectors, usageMetadata } : { embedding: vectors[0], usageMetadata };
  return jsonReply(body, servedFacts({ model, stream: false, responseId: '', usage }));
}
