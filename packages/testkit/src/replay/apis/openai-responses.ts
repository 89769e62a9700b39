import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts, sseEvent, sseReply } from '../api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion, Prompt } from '../synthesis/compose-completion.ts';
import { addContent, functionTools, isReasoningModel, PromptText } from '../synthesis/read-messages.ts';
import { chatCaching, chatDialect } from './chat-dialect.ts';
import { chosenTools, serviceTier } from './openai-chat.ts';

/** Answers `…/responses`. */
export function replyResponses(call: ApiCall, context: ApiContext): ApiReply {
  const model = asText(call.body['model']);
  const completion = context.compose(call.provider, readPrompt(call, model), call.bytes);
  const stream = call.body['stream'] === true;
  const facts = servedFacts({ model, stream, responseId: `resp_${completion.id}`, usage: completion.usage });
  const headers = { [chatDialect(call.provider).requestIdHeader]: `req_${completion.id}` };
  const envelope = createEnvelope(call.body, model, completion);
  if (!stream) return jsonReply(envelope(finalStatus(completion), outputItems(completion)), facts, headers);
  const failure = { code: 'server_error', message: 'The server had an error while processing your request.' };
  const midStreamError =
    sseEvent({ type: 'error', error: failure, sequence_number: 900 }, 'error') +
    sseEvent(
      { type: 'response.failed', response: { ...envelope('failed', []), error: failure }, sequence_number: 901 },
      'response.failed',
    );
  return sseReply(streamEvents(completion, envelope, context.tokensPerChunk), midStreamError, facts, headers);
}

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed';
type Envelope = (status: Status, output: readonly JsonObject[]) => JsonObject;

function readPrompt(call: ApiCall, model: string): Prompt {
  const { body } = call;
  const text = new PromptText();
  if (asArray(body['tools']).length > 0) text.add(`${JSON.stringify(body['tools'])}\n`);
  if (asText(body['instructions']) !== '') text.add(`system: ${asText(body['instructions'])}\n`);
  const items = asArray(body['input']).map(asObject);
  if (typeof body['input'] === 'string') text.add(`user: ${body['input']}\n`);
  for (const item of items) {
    if ('content' in item) addContent(text, asText(item['role']), item['content']);
    else text.add(`${JSON.stringify(item)}\n`);
  }
  const format = asObject(asObject(body['text'])['format']);
  const answersTool = items.at(-1)?.['type'] === 'function_call_output';
  return {
    model,
    ...text.finish(),
    caching: chatCaching(call.provider, model),
    tools: answersTool ? [] : chosenTools(functionTools(body['tools']), body['tool_choice']),
    maxOutputTokens: asCount(body['max_output_tokens']),
    reasoning: isReasoningModel(model) && asObject(body['reasoning'])['effort'] !== 'none',
    schema: format['type'] === 'json_schema' ? format['schema'] : undefined,
  };
}

function finalStatus(completion: Completion): Status {
  return completion.finish === 'length' ? 'incomplete' : 'completed';
}

function createEnvelope(body: JsonObject, model: string, completion: Completion): Envelope {
  const { usage } = completion;
  const write = usage.cacheWriteTokens > 0 ? { cache_write_tokens: usage.cacheWriteTokens } : {};
  const reported = {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens, ...write },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.totalTokens,
  };
  return (status, output) => ({
    id: `resp_${completion.id}`,
    object: 'response',
    created_at: completion.created,
    status,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: body['previous_response_id'] ?? null,
    reasoning: { effort: asObject(body['reasoning'])['effort'] ?? null, summary: null },
    service_tier: status === 'in_progress' ? 'auto' : serviceTier(body),
    store: true,
    temperature: 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: 1,
    truncation: 'disabled',
    usage: status === 'completed' || status === 'incomplete' ? reported : null,
    user: null,
    metadata: body['metadata'] ?? {},
  });
}

function outputItems(completion: Completion): JsonObject[] {
  const items: JsonObject[] = [];
  if (completion.reasoningPieces.length > 0) items.push({ id: `rs_${completion.id}`, type: 'reasoning', summary: [] });
  for (const toolCall of completion.toolCalls) {
    items.push({
      id: `fc_${toolCall.id}`,
      type: 'function_call',
      status: 'completed',
      call_id: `call_${toolCall.id}`,
      name: toolCall.name,
      arguments: JSON.stringify(toolCall.arguments),
    });
  }
  if (completion.toolCalls.length === 0) {
    items.push({
      id: `msg_${completion.id}`,
      type: 'message',
      status: finalStatus(completion),
      role: 'assistant',
      content: [textPart(completion.pieces.join(''))],
    });
  }
  return items;
}

function textPart(text: string): JsonObject {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

type Emit = (type: string, fields: JsonObject) => void;

function streamEvents(completion: Completion, envelope: Envelope, tokensPerChunk: number): string[] {
  const events: string[] = [];
  const emit: Emit = (type, fields) => {
    events.push(sseEvent({ type, ...fields, sequence_number: events.length }, type));
  };
  const items = outputItems(completion);
  emit('response.created', { response: envelope('in_progress', []) });
  emit('response.in_progress', { response: envelope('in_progress', []) });
  for (const [outputIndex, item] of items.entries()) {
    const empty = {
      message: { status: 'in_progress', content: [] },
      function_call: { status: 'in_progress', arguments: '' },
    };
    const started =
      item['type'] === 'message' ? empty.message : item['type'] === 'function_call' ? empty.function_call : {};
    emit('response.output_item.added', { output_index: outputIndex, item: { ...item, ...started } });
    const place = { item_id: item['id'], output_index: outputIndex };
    if (item['type'] === 'message') emitText(emit, completion, place, tokensPerChunk);
    if (item['type'] === 'function_call')
      emitArguments(emit, asText(item['arguments']), { ...place, name: item['name'] });
    emit('response.output_item.done', { output_index: outputIndex, item });
  }
  const status = finalStatus(completion);
  emit(`response.${status}`, { response: envelope(status, items) });
  return events;
}

function emitText(emit: Emit, completion: Completion, place: JsonObject, tokensPerChunk: number): void {
  const at = { ...place, content_index: 0 };
  emit('response.content_part.added', { ...at, part: textPart('') });
  for (const delta of groupPieces(completion.pieces, tokensPerChunk)) {
    emit('response.output_text.delta', { ...at, delta, logprobs: [] });
  }
  const text = completion.pieces.join('');
  emit('response.output_text.done', { ...at, text, logprobs: [] });
  emit('response.content_part.done', { ...at, part: textPart(text) });
}

function emitArguments(emit: Emit, text: string, place: JsonObject): void {
  const { name, ...at } = place;
  for (const delta of text.match(/[\s\S]{1,16}/g) ?? []) {
    emit('response.function_call_arguments.delta', { ...at, delta });
  }
  emit('response.function_call_arguments.done', { ...at, name, arguments: text });
}
