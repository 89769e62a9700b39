import type { TokenUsage } from '@weir/usage';
import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts, sseEvent, sseReply } from '../api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import { type Completion, IMAGE_TOKENS, type Prompt, type ToolSpec } from '../synthesis/compose-completion.ts';
import { addContent, functionTools, isReasoningModel, PromptText } from '../synthesis/read-messages.ts';

/** Answers `…/models/{model}:generateContent` and `:streamGenerateContent`, the latter as SSE or as a JSON array. */
export function replyGemini(call: ApiCall, context: ApiContext): ApiReply {
  const [model = '', verb = ''] = call.groups;
  const prompt = readPrompt(call.body, model);
  const completion = context.compose(call.provider, prompt, call.bytes);
  const imageTokens = prompt.images * IMAGE_TOKENS;
  const usage: TokenUsage = { ...completion.usage, inputImageTokens: imageTokens };
  const answer = { model, completion: { ...completion, usage }, thoughts: includesThoughts(call.body) };
  const stream = verb === 'streamGenerateContent';
  const facts = servedFacts({ model, stream, responseId: completion.id, usage });
  if (verb === 'countTokens') {
    return jsonReply({ totalTokens: usage.inputTokens }, { ...facts, responseId: '', usage: null });
  }
  if (!stream) return jsonReply(wholeBody(answer), facts);
  const elements = streamBodies(answer, context.tokensPerChunk);
  const failure = {
    error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' },
  };
  if (call.query.get('alt') === 'sse') {
    return sseReply(
      elements.map((element) => sseEvent(element)),
      sseEvent(failure),
      facts,
    );
  }
  const chunks = elements.map((element, index) => `${index === 0 ? '[' : ',\n'}${JSON.stringify(element)}`);
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    chunks: [...chunks, ']'],
    midStreamError: `,\n${JSON.stringify(failure)}]`,
    facts,
  };
}

interface Answer {
  readonly model: string;
  readonly completion: Completion;
  readonly thoughts: boolean;
}

function thinkingConfig(body: JsonObject): JsonObject {
  return asObject(asObject(body['generationConfig'])['thinkingConfig']);
}

function includesThoughts(body: JsonObject): boolean {
  return thinkingConfig(body)['includeThoughts'] === true;
}

function readPrompt(body: JsonObject, model: string): Prompt {
  const text = new PromptText();
  const declarations = asArray(body['tools']).flatMap((tool) => asArray(asObject(tool)['functionDeclarations']));
  if (declarations.length > 0) text.add(`${JSON.stringify(declarations)}\n`);
  addContent(text, 'system', asObject(body['systemInstruction'])['parts']);
  const contents = asArray(body['contents']).map(asObject);
  for (const content of contents) addContent(text, asText(content['role']) || 'user', content['parts']);
  const config = asObject(body['generationConfig']);
  const answersTool = asArray(contents.at(-1)?.['parts']).some((part) => 'functionResponse' in asObject(part));
  const schema = config['responseSchema'] ?? config['responseJsonSchema'];
  return {
    model,
    ...text.finish(),
    caching: 'automatic',
    tools: answersTool ? [] : allowedTools(functionTools(declarations), body),
    maxOutputTokens: asCount(config['maxOutputTokens']),
    reasoning: isReasoningModel(model) && thinkingConfig(body)['thinkingBudget'] !== 0,
    schema: config['responseMimeType'] === 'application/json' ? (schema ?? { type: 'object' }) : undefined,
  };
}

function allowedTools(tools: readonly ToolSpec[], body: JsonObject): readonly ToolSpec[] {
  const config = asObject(asObject(body['toolConfig'])['functionCallingConfig']);
  if (config['mode'] === 'NONE') return [];
  const allowed = asArray(config['allowedFunctionNames']);
  return allowed.length === 0 ? tools : tools.filter((tool) => allowed.includes(tool.name));
}

/** Gemini's counts: thoughts lie beside candidates, cached tokens inside the prompt. `visible` grows along a stream. */
function usageMetadata(usage: TokenUsage, visible: number): JsonObject {
  const details = [{ modality: 'TEXT', tokenCount: usage.inputTokens - usage.inputImageTokens }];
  if (usage.inputImageTokens > 0) details.push({ modality: 'IMAGE', tokenCount: usage.inputImageTokens });
  const cached =
    usage.cacheReadTokens > 0
      ? {
          cachedContentTokenCount: usage.cacheReadTokens,
          cacheTokensDetails: [{ modality: 'TEXT', tokenCount: usage.cacheReadTokens }],
        }
      : {};
  return {
    promptTokenCount: usage.inputTokens,
    candidatesTokenCount: visible,
    totalTokenCount: usage.inputTokens + usage.reasoningTokens + visible,
    ...cached,
    promptTokensDetails: details,
    ...(usage.reasoningTokens > 0 ? { thoughtsTokenCount: usage.reasoningTokens } : {}),
  };
}

function body({ model, completion }: Answer, parts: readonly JsonObject[], visible: number, last: boolean): JsonObject {
  const finish = last ? { finishReason: completion.finish === 'length' ? 'MAX_TOKENS' : 'STOP' } : {};
  return {
    candidates: [{ content: { parts, role: 'model' }, ...finish, index: 0 }],
    usageMetadata: usageMetadata(completion.usage, visible),
    modelVersion: model,
    responseId: completion.id,
  };
}

function callParts(completion: Completion): JsonObject[] {
  return completion.toolCalls.map((toolCall) => ({ functionCall: { name: toolCall.name, args: toolCall.arguments } }));
}

function wholeBody(answer: Answer): JsonObject {
  const { completion } = answer;
  const thought = answer.thoughts && completion.reasoningPieces.length > 0;
  const parts = [
    ...(thought ? [{ text: completion.reasoningPieces.join(''), thought: true }] : []),
    ...(completion.pieces.length > 0 ? [{ text: completion.pieces.join('') }] : []),
    ...callParts(completion),
  ];
  return body(answer, parts, completion.usage.outputTokens - completion.usage.reasoningTokens, true);
}

function streamBodies(answer: Answer, tokensPerChunk: number): JsonObject[] {
  const { completion } = answer;
  const visible = completion.usage.outputTokens - completion.usage.reasoningTokens;
  const bodies: JsonObject[] = [];
  if (answer.thoughts) {
    for (const text of groupPieces(completion.reasoningPieces, tokensPerChunk)) {
      bodies.push(body(answer, [{ text, thought: true }], 0, false));
    }
  }
  const texts = groupPieces(completion.pieces, tokensPerChunk);
  for (const [index, text] of texts.entries()) {
    bodies.push(body(answer, [{ text }], Math.min((index + 1) * tokensPerChunk, visible), false));
  }
  const lastParts = completion.toolCalls.length > 0 ? callParts(completion) : [{ text: '' }];
  bodies.push(body(answer, lastParts, visible, true));
  return bodies;
}
