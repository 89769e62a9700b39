import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts, sseEvent, sseReply } from '../api-call.ts';
import { asArray, asCount, asObject, asText } from '../json-access.ts';
import { addContent, PromptText } from '../synthesis/read-messages.ts';

/** Answers Workers AI's native `/run/{model}`: the envelope with `result`, or events with `response`. */
export function replyWorkersAiRun(call: ApiCall, context: ApiContext): ApiReply {
  const model = call.groups[0] ?? '';
  const text = new PromptText();
  if (asText(call.body['prompt']) !== '') text.add(`user: ${asText(call.body['prompt'])}\n`);
  for (const message of asArray(call.body['messages']).map(asObject)) {
    addContent(text, asText(message['role']), message['content']);
  }
  const prompt = {
    model,
    ...text.finish(),
    caching: 'none' as const,
    tools: [],
    maxOutputTokens: asCount(call.body['max_tokens']) ?? 256,
    reasoning: false,
  };
  const completion = context.compose(call.provider, prompt, call.bytes);
  const stream = call.body['stream'] === true;
  const facts = servedFacts({ model, stream, responseId: '', usage: completion.usage });
  const headers = { 'cf-ray': completion.id.slice(0, 16) };
  const usage = {
    prompt_tokens: completion.usage.inputTokens,
    completion_tokens: completion.usage.outputTokens,
    total_tokens: completion.usage.totalTokens,
  };
  if (!stream) {
    const result = { response: completion.pieces.join(''), usage };
    return jsonReply({ result, success: true, errors: [], messages: [] }, facts, headers);
  }
  const events = groupPieces(completion.pieces, context.tokensPerChunk).map((response) => sseEvent({ response }));
  const failure = sseEvent({ errors: [{ message: 'AiError: internal error', code: 3040 }], success: false });
  return sseReply([...events, sseEvent({ response: '', usage }), sseEvent('[DONE]')], failure, facts, headers);
}
