import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts } from '../api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion, Prompt } from '../synthesis/compose-completion.ts';
import { addContent, functionTools, PromptText } from '../synthesis/read-messages.ts';

/** Answers Ollama's `/api/chat` and `/api/generate`: JSON lines unless `stream` is false. */
export function replyOllama(call: ApiCall, context: ApiContext): ApiReply {
  const model = asText(call.body['model']);
  const completion = context.compose(call.provider, readPrompt(call.body, model), call.bytes);
  const stream = call.body['stream'] !== false;
  const facts = servedFacts({ model, stream, responseId: '', usage: completion.usage });
  const shared = { model, created_at: new Date(completion.created * 1000).toISOString() };
  const isChat = call.groups[0] === 'chat';
  const content = (text: string, calls: readonly JsonObject[] = []): JsonObject =>
    isChat
      ? { message: { role: 'assistant', content: text, ...(calls.length > 0 ? { tool_calls: calls } : {}) } }
      : { response: text };
  const end = {
    done: true,
    done_reason: completion.finish === 'length' ? 'length' : 'stop',
    total_duration: 1_230_275_417,
    load_duration: 988_875,
    prompt_eval_count: completion.usage.inputTokens,
    prompt_eval_duration: 33_914_000,
    eval_count: completion.usage.outputTokens,
    eval_duration: 1_194_343_000,
  };
  const calls = callBodies(completion);
  if (!stream) return jsonReply({ ...shared, ...content(completion.pieces.join(''), calls), ...end }, facts);
  const lines: JsonObject[] = groupPieces(completion.pieces, context.tokensPerChunk).map((text) => ({
    ...shared,
    ...content(text),
    done: false,
  }));
  if (calls.length > 0) lines.push({ ...shared, ...content('', calls), done: false });
  lines.push({ ...shared, ...content(''), ...end });
  return {
    status: 200,
    headers: { 'content-type': 'application/x-ndjson' },
    chunks: lines.map((line) => `${JSON.stringify(line)}\n`),
    midStreamError: `${JSON.stringify({ error: 'an error was encountered while running the model' })}\n`,
    facts,
  };
}

function callBodies(completion: Completion): JsonObject[] {
  return completion.toolCalls.map((toolCall) => ({
    function: { name: toolCall.name, arguments: toolCall.arguments },
  }));
}

function readPrompt(body: JsonObject, model: string): Prompt {
  const text = new PromptText();
  if (asText(body['system']) !== '') text.add(`system: ${asText(body['system'])}\n`);
  if (asText(body['prompt']) !== '') text.add(`user: ${asText(body['prompt'])}\n`);
  const messages = asArray(body['messages']).map(asObject);
  for (const message of messages) addContent(text, asText(message['role']), message['content']);
  return {
    model,
    ...text.finish(),
    caching: 'none',
    tools: messages.at(-1)?.['role'] === 'tool' ? [] : functionTools(body['tools']),
    maxOutputTokens: asCount(asObject(body['options'])['num_predict']),
    reasoning: false,
  };
}
