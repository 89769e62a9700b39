import type { TokenUsage } from '@weir/usage';
import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts } from '../api-call.ts';
import { bedrockEvent, bedrockException } from '../aws-event-stream.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion, Prompt, ToolSpec } from '../synthesis/compose-completion.ts';
import { addContent, PromptText } from '../synthesis/read-messages.ts';

export const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** Answers `/model/{id}/converse` and `/model/{id}/converse-stream`. */
export function replyConverse(call: ApiCall, context: ApiContext): ApiReply {
  const [model = '', verb = ''] = call.groups;
  const completion = context.compose(call.provider, readPrompt(call.body, model), call.bytes);
  const stream = verb === 'converse-stream';
  const facts = servedFacts({ model, stream, responseId: '', usage: completion.usage });
  const headers = { 'x-amzn-requestid': amazonRequestId(completion.id) };
  const metrics = { latencyMs: 400 + (completion.created % 1000) };
  if (!stream) {
    const message = { role: 'assistant', content: contentBlocks(completion) };
    const body = {
      metrics,
      output: { message },
      stopReason: stopReason(completion),
      usage: converseUsage(completion.usage),
    };
    return jsonReply(body, facts, headers);
  }
  return {
    status: 200,
    headers: { 'content-type': EVENT_STREAM, ...headers },
    chunks: [
      bedrockEvent('messageStart', { role: 'assistant' }),
      ...blockFrames(completion, context.tokensPerChunk),
      bedrockEvent('messageStop', { stopReason: stopReason(completion) }),
      bedrockEvent('metadata', { metrics, usage: converseUsage(completion.usage) }),
    ],
    midStreamError: bedrockException('modelStreamErrorException', 'The model stopped while it was streaming.'),
    facts,
  };
}

export function amazonRequestId(hex: string): string {
  const digits = hex.padEnd(32, '0');
  return [0, 8, 12, 16, 20].map((from, index, cuts) => digits.slice(from, cuts[index + 1] ?? 32)).join('-');
}

function readPrompt(body: JsonObject, model: string): Prompt {
  const text = new PromptText();
  const toolConfig = asObject(body['toolConfig']);
  addContent(text, 'tools', toolConfig['tools']);
  addContent(text, 'system', body['system']);
  const messages = asArray(body['messages']).map(asObject);
  for (const message of messages) addContent(text, asText(message['role']), message['content']);
  const answersTool = asArray(messages.at(-1)?.['content']).some((part) => 'toolResult' in asObject(part));
  const extra = asObject(body['additionalModelRequestFields']);
  return {
    model,
    ...text.finish(),
    caching: 'explicit',
    tools: answersTool ? [] : converseTools(toolConfig),
    maxOutputTokens: asCount(asObject(body['inferenceConfig'])['maxTokens']),
    reasoning: 'thinking' in extra || 'reasoningConfig' in extra || 'reasoning_config' in extra,
  };
}

function converseTools(toolConfig: JsonObject): ToolSpec[] {
  const wanted = asText(asObject(asObject(toolConfig['toolChoice'])['tool'])['name']);
  return asArray(toolConfig['tools']).flatMap((item) => {
    const spec = asObject(asObject(item)['toolSpec']);
    const name = asText(spec['name']);
    if (name === '' || (wanted !== '' && wanted !== name)) return [];
    return [{ name, schema: asObject(spec['inputSchema'])['json'] }];
  });
}

function stopReason(completion: Completion): string {
  return { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }[completion.finish];
}

/** Converse's counts: cache counts lie beside `inputTokens`, and the total adds them all. */
function converseUsage(usage: TokenUsage): JsonObject {
  const counts = {
    inputTokens: usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens,
    outputTokens: usage.outputTokens,
    totalTokens: usage.totalTokens,
  };
  if (usage.cacheReadTokens === 0 && usage.cacheWriteTokens === 0) return counts;
  const lifetimes = [
    { ttl: '5m', inputTokens: usage.cacheWrite5mTokens },
    { ttl: '1h', inputTokens: usage.cacheWrite1hTokens },
  ].filter((written) => written.inputTokens > 0);
  return {
    ...counts,
    cacheReadInputTokens: usage.cacheReadTokens,
    cacheReadInputTokenCount: usage.cacheReadTokens,
    cacheWriteInputTokens: usage.cacheWriteTokens,
    cacheWriteInputTokenCount: usage.cacheWriteTokens,
    ...(lifetimes.length > 0 ? { cacheDetails: lifetimes } : {}),
  };
}

function contentBlocks(completion: Completion): JsonObject[] {
  const reasoning = completion.reasoningPieces.join('');
  return [
    ...(reasoning === '' ? [] : [{ reasoningContent: { reasoningText: { text: reasoning } } }]),
    ...(completion.pieces.length === 0 ? [] : [{ text: completion.pieces.join('') }]),
    ...completion.toolCalls.map((toolCall) => ({
      toolUse: { toolUseId: `tooluse_${toolCall.id}`, name: toolCall.name, input: toolCall.arguments },
    })),
  ];
}

function blockFrames(completion: Completion, tokensPerChunk: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let index = 0;
  const block = (deltas: readonly JsonObject[], start?: JsonObject): void => {
    if (deltas.length === 0) return;
    const contentBlockIndex = index;
    if (start !== undefined) frames.push(bedrockEvent('contentBlockStart', { contentBlockIndex, start }));
    for (const delta of deltas) frames.push(bedrockEvent('contentBlockDelta', { contentBlockIndex, delta }));
    frames.push(bedrockEvent('contentBlockStop', { contentBlockIndex }));
    index += 1;
  };
  const thoughts = groupPieces(completion.reasoningPieces, tokensPerChunk);
  block(thoughts.map((text) => ({ reasoningContent: { text } })));
  block(groupPieces(completion.pieces, tokensPerChunk).map((text) => ({ text })));
  for (const toolCall of completion.toolCalls) {
    const input = JSON.stringify(toolCall.arguments);
    block([{ toolUse: { input } }], { toolUse: { toolUseId: `tooluse_${toolCall.id}`, name: toolCall.name } });
  }
  return frames;
}
