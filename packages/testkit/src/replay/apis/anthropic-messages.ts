import type { TokenUsage } from '@weir/usage';
import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts, sseEvent, sseReply } from '../api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion, Prompt, ToolSpec } from '../synthesis/compose-completion.ts';
import { addContent, cacheTtl, functionTools, PromptText } from '../synthesis/read-messages.ts';

/** Answers `…/messages`, and Vertex's `:rawPredict` forms, where the model is in the path. */
export function replyMessages(call: ApiCall, context: ApiContext): ApiReply {
  const model = asText(call.body['model']) || (call.groups[0] ?? '');
  const prefix = call.provider === 'google-vertex-ai' ? 'msg_vrtx_' : 'msg_';
  const message = composeMessage(call, context, model, prefix);
  const stream = call.body['stream'] === true;
  const facts = servedFacts({ model, stream, responseId: message.id, usage: message.completion.usage });
  const headers = { 'request-id': `req_${message.completion.id}` };
  if (!stream) return jsonReply(messageBody(message), facts, headers);
  const events = messageEvents(message, context.tokensPerChunk).map((event) => sseEvent(event, asText(event['type'])));
  const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
  return sseReply(events, sseEvent(overloaded, 'error'), facts, headers);
}

/** Answers `…/messages/count_tokens`, which is free. */
export function replyCountTokens(call: ApiCall, context: ApiContext): ApiReply {
  const model = asText(call.body['model']);
  const prompt = { ...readPrompt(call.body, model), caching: 'none' as const };
  const { usage } = context.compose(call.provider, prompt, call.bytes);
  return jsonReply(
    { input_tokens: usage.inputTokens },
    servedFacts({ model, stream: false, responseId: '', usage: null }),
  );
}

export interface Message {
  readonly id: string;
  readonly model: string;
  readonly completion: Completion;
}

export function composeMessage(call: ApiCall, context: ApiContext, model: string, idPrefix: string): Message {
  const completion = context.compose(call.provider, readPrompt(call.body, model), call.bytes);
  return { id: `${idPrefix}${completion.id}`, model, completion };
}

function readPrompt(body: JsonObject, model: string): Prompt {
  const text = new PromptText();
  for (const tool of asArray(body['tools'])) text.add(`${JSON.stringify(tool)}\n`, cacheTtl(asObject(tool)));
  if (body['system'] !== undefined) addContent(text, 'system', body['system']);
  const messages = asArray(body['messages']).map(asObject);
  for (const message of messages) addContent(text, asText(message['role']), message['content']);
  const thinking = asText(asObject(body['thinking'])['type']);
  const format = asObject(asObject(body['output_config'])['format']);
  return {
    model,
    ...text.finish(),
    caching: 'explicit',
    tools: chosenTools(body, messages.at(-1)?.['content']),
    maxOutputTokens: asCount(body['max_tokens']),
    reasoning: thinking === 'enabled' || thinking === 'adaptive',
    schema: format['type'] === 'json_schema' ? format['schema'] : undefined,
  };
}

function chosenTools(body: JsonObject, lastContent: unknown): readonly ToolSpec[] {
  const choice = asObject(body['tool_choice']);
  const answersTool = asArray(lastContent).some((part) => asObject(part)['type'] === 'tool_result');
  if (choice['type'] === 'none' || answersTool) return [];
  const tools = functionTools(body['tools']);
  return choice['type'] === 'tool' ? tools.filter((tool) => tool.name === choice['name']) : tools;
}

function stopReason(completion: Completion): string {
  return { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }[completion.finish];
}

/** Anthropic's counts: cache reads and writes lie beside `input_tokens`, not inside it. */
function inputCounts(usage: TokenUsage): JsonObject {
  return {
    input_tokens: usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
  };
}

function cacheCreation(usage: TokenUsage): JsonObject {
  return {
    ephemeral_5m_input_tokens: usage.cacheWrite5mTokens,
    ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
  };
}

function outputCounts(usage: TokenUsage): JsonObject {
  const split = usage.reasoningTokens > 0 ? { output_tokens_details: { thinking_tokens: usage.reasoningTokens } } : {};
  return { output_tokens: usage.outputTokens, ...split };
}

function contentBlocks(completion: Completion): JsonObject[] {
  const blocks: JsonObject[] = [];
  if (completion.reasoningPieces.length > 0) {
    blocks.push({ type: 'thinking', thinking: completion.reasoningPieces.join(''), signature: signature(completion) });
  }
  if (completion.pieces.length > 0) blocks.push({ type: 'text', text: completion.pieces.join('') });
  for (const toolCall of completion.toolCalls) {
    blocks.push({ type: 'tool_use', id: `toolu_${toolCall.id}`, name: toolCall.name, input: toolCall.arguments });
  }
  return blocks;
}

function signature(completion: Completion): string {
  return Buffer.from(`replay:${completion.id}`).toString('base64');
}

export function messageBody({ id, model, completion }: Message): JsonObject {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: contentBlocks(completion),
    stop_reason: stopReason(completion),
    stop_sequence: null,
    usage: {
      ...inputCounts(completion.usage),
      cache_creation: cacheCreation(completion.usage),
      ...outputCounts(completion.usage),
      service_tier: 'standard',
    },
  };
}

/** The events of a streamed message, without framing: SSE here, binary frames on Bedrock. */
export function messageEvents({ id, model, completion }: Message, tokensPerChunk: number): JsonObject[] {
  const { usage } = completion;
  const startUsage = {
    ...inputCounts(usage),
    cache_creation: cacheCreation(usage),
    output_tokens: 1,
    service_tier: 'standard',
  };
  const events: JsonObject[] = [
    {
      type: 'message_start',
      message: {
        id,
        type: 'message',
        role: 'assistant',
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: startUsage,
      },
    },
    { type: 'ping' },
  ];
  for (const [index, block] of contentBlocks(completion).entries()) {
    events.push({ type: 'content_block_start', index, content_block: emptyBlock(block) });
    for (const delta of blockDeltas(block, completion, tokensPerChunk)) {
      events.push({ type: 'content_block_delta', index, delta });
    }
    events.push({ type: 'content_block_stop', index });
  }
  events.push(
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason(completion), stop_sequence: null },
      usage: { ...inputCounts(usage), ...outputCounts(usage) },
    },
    { type: 'message_stop' },
  );
  return events;
}

function emptyBlock(block: JsonObject): JsonObject {
  switch (block['type']) {
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'text':
      return { type: 'text', text: '' };
    default:
      return { ...block, input: {} };
  }
}

function blockDeltas(block: JsonObject, completion: Completion, tokensPerChunk: number): JsonObject[] {
  switch (block['type']) {
    case 'thinking':
      return [
        ...groupPieces(completion.reasoningPieces, tokensPerChunk).map((thinking) => ({
          type: 'thinking_delta',
          thinking,
        })),
        { type: 'signature_delta', signature: signature(completion) },
      ];
    case 'text':
      return groupPieces(completion.pieces, tokensPerChunk).map((text) => ({ type: 'text_delta', text }));
    default:
      return (JSON.stringify(block['input']).match(/[\s\S]{1,16}/g) ?? []).map((fragment) => ({
        type: 'input_json_delta',
        partial_json: fragment,
      }));
  }
}
