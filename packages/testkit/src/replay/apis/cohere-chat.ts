import type { TokenUsage } from '@weir/usage';
import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts, sseEvent, sseReply } from '../api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion, Prompt } from '../synthesis/compose-completion.ts';
import { addContent, functionTools, PromptText } from '../synthesis/read-messages.ts';

/** Tokens of the preamble that Cohere adds to the context and does not bill. */
const PREAMBLE_TOKENS = 495;

/** Answers Cohere's `/v2/chat`: context counts in `tokens`, what is billed in `billed_units`. */
export function replyCohereChat(call: ApiCall, context: ApiContext): ApiReply {
  const model = asText(call.body['model']);
  const completion = context.compose(call.provider, readPrompt(call.body, model), call.bytes);
  const billed = completion.usage;
  const inputTokens = billed.inputTokens + PREAMBLE_TOKENS;
  const usage: TokenUsage = { ...billed, inputTokens, totalTokens: inputTokens + billed.outputTokens };
  const reported = {
    billed_units: { input_tokens: billed.inputTokens, output_tokens: billed.outputTokens },
    tokens: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
    cached_tokens: 0,
  };
  const stream = call.body['stream'] === true;
  const facts = servedFacts({ model, stream, responseId: completion.id, usage, billedUsage: billed });
  const headers = { 'x-debug-trace-id': completion.id };
  if (!stream) {
    const body = {
      id: completion.id,
      message: { role: 'assistant', ...messageContent(completion) },
      finish_reason: finishReason(completion),
      usage: reported,
    };
    return jsonReply(body, facts, headers);
  }
  const failure = { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'internal server error' } };
  const events = streamEvents(completion, reported, context.tokensPerChunk);
  return sseReply(events, sseEvent(failure, 'message-end'), facts, headers);
}

function readPrompt(body: JsonObject, model: string): Prompt {
  const text = new PromptText();
  if (asArray(body['tools']).length > 0) text.add(`${JSON.stringify(body['tools'])}\n`);
  const messages = asArray(body['messages']).map(asObject);
  for (const message of messages) addContent(text, asText(message['role']), message['content']);
  const callsTools = messages.at(-1)?.['role'] !== 'tool' && body['tool_choice'] !== 'NONE';
  return {
    model,
    ...text.finish(),
    caching: 'none',
    tools: callsTools ? functionTools(body['tools']) : [],
    maxOutputTokens: asCount(body['max_tokens']),
    reasoning: false,
  };
}

function finishReason(completion: Completion): string {
  return { stop: 'COMPLETE', length: 'MAX_TOKENS', tool_calls: 'TOOL_CALL' }[completion.finish];
}

function callBodies(completion: Completion): JsonObject[] {
  return completion.toolCalls.map((toolCall) => ({
    id: `${toolCall.name}_${toolCall.id}`,
    type: 'function',
    function: { name: toolCall.name, arguments: JSON.stringify(toolCall.arguments) },
  }));
}

function messageContent(completion: Completion): JsonObject {
  return completion.toolCalls.length > 0
    ? { tool_plan: 'I will call the tool.', tool_calls: callBodies(completion) }
    : { content: [{ type: 'text', text: completion.pieces.join('') }] };
}

function streamEvents(completion: Completion, usage: JsonObject, tokensPerChunk: number): string[] {
  const events: string[] = [];
  const emit = (type: string, fields: JsonObject): void => {
    events.push(sseEvent({ type, ...fields }, type));
  };
  const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  emit('message-start', { id: completion.id, delta: { message } });
  if (completion.toolCalls.length === 0) {
    emit('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } });
    for (const text of groupPieces(completion.pieces, tokensPerChunk)) {
      emit('content-delta', { index: 0, delta: { message: { content: { text } } } });
    }
    emit('content-end', { index: 0 });
  } else {
    emit('tool-plan-delta', { delta: { message: { tool_plan: 'I will call the tool.' } } });
    for (const [index, toolCall] of callBodies(completion).entries()) {
      const spec = asObject(toolCall['function']);
      const started = { ...toolCall, function: { ...spec, arguments: '' } };
      emit('tool-call-start', { index, delta: { message: { tool_calls: started } } });
      const fragment = { function: { arguments: spec['arguments'] } };
      emit('tool-call-delta', { index, delta: { message: { tool_calls: fragment } } });
      emit('tool-call-end', { index });
    }
  }
  emit('message-end', { delta: { finish_reason: finishReason(completion), usage } });
  events.push(sseEvent('[DONE]'));
  return events;
}
