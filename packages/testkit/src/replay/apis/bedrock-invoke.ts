import type { ApiCall, ApiContext, ApiReply, ServedFacts } from '../api-call.ts';
import { jsonReply, servedFacts } from '../api-call.ts';
import { bedrockEvent, bedrockException } from '../aws-event-stream.ts';
import { asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion } from '../synthesis/compose-completion.ts';
import { composeMessage, type Message, messageBody, messageEvents } from './anthropic-messages.ts';
import { amazonRequestId, EVENT_STREAM } from './bedrock-converse.ts';

/**
 * Answers `/model/{id}/invoke` and `/model/{id}/invoke-with-response-stream` with the body of the model's own family:
 * Claude messages, Titan text, else Llama's.
 */
export function replyInvoke(call: ApiCall, context: ApiContext): ApiReply {
  const [model = '', verb = ''] = call.groups;
  const stream = verb === 'invoke-with-response-stream';
  if (/anthropic\.|claude/.test(model)) {
    const message = composeMessage(call, context, model, 'msg_bdrk_');
    const facts = servedFacts({ model, stream, responseId: message.id, usage: message.completion.usage });
    if (!stream) return jsonReply(messageBody(message), facts, invokeHeaders(message.completion));
    return streamReply(claudeFrames(message, context.tokensPerChunk), message.completion, facts);
  }
  const completion = composeText(call, context, model);
  const facts = servedFacts({ model, stream, responseId: '', usage: completion.usage });
  const body = model.startsWith('amazon.titan') ? titanBody(completion) : llamaBody(completion);
  if (!stream) return jsonReply(body, facts, invokeHeaders(completion));
  const last = { ...body, 'amazon-bedrock-invocationMetrics': invocationMetrics(completion) };
  return streamReply([chunkFrame(last)], completion, facts);
}

function composeText(call: ApiCall, context: ApiContext, model: string): Completion {
  const limit = call.body['max_gen_len'] ?? asObject(call.body['textGenerationConfig'])['maxTokenCount'];
  const text = asText(call.body['prompt']) || asText(call.body['inputText']);
  return context.compose(
    call.provider,
    {
      model,
      text,
      images: 0,
      blocks: [],
      caching: 'none',
      tools: [],
      maxOutputTokens: asCount(limit),
      reasoning: false,
    },
    call.bytes,
  );
}

function titanBody(completion: Completion): JsonObject {
  return {
    inputTextTokenCount: completion.usage.inputTokens,
    results: [
      {
        tokenCount: completion.usage.outputTokens,
        outputText: completion.pieces.join(''),
        completionReason: completion.finish === 'length' ? 'LENGTH' : 'FINISH',
      },
    ],
  };
}

function llamaBody(completion: Completion): JsonObject {
  return {
    generation: completion.pieces.join(''),
    prompt_token_count: completion.usage.inputTokens,
    generation_token_count: completion.usage.outputTokens,
    stop_reason: completion.finish,
  };
}

/** The counts that Bedrock repeats in the headers of every invoke. */
function invokeHeaders(completion: Completion): Record<string, string> {
  const { usage } = completion;
  const cached =
    usage.cacheReadTokens + usage.cacheWriteTokens > 0
      ? {
          'x-amzn-bedrock-cache-read-input-token-count': String(usage.cacheReadTokens),
          'x-amzn-bedrock-cache-write-input-token-count': String(usage.cacheWriteTokens),
        }
      : {};
  return {
    'x-amzn-requestid': amazonRequestId(completion.id),
    'x-amzn-bedrock-input-token-count': String(usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens),
    'x-amzn-bedrock-output-token-count': String(usage.outputTokens),
    ...cached,
  };
}

function invocationMetrics({ usage }: Completion): JsonObject {
  const cached =
    usage.cacheReadTokens + usage.cacheWriteTokens > 0
      ? { cacheReadInputTokenCount: usage.cacheReadTokens, cacheWriteInputTokenCount: usage.cacheWriteTokens }
      : {};
  return {
    inputTokenCount: usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens,
    outputTokenCount: usage.outputTokens,
    invocationLatency: 400,
    firstByteLatency: 100,
    ...cached,
  };
}

function chunkFrame(inner: JsonObject): Uint8Array {
  return bedrockEvent('chunk', { bytes: Buffer.from(JSON.stringify(inner)).toString('base64'), p: 'abcdef' });
}

function claudeFrames(message: Message, tokensPerChunk: number): Uint8Array[] {
  return messageEvents(message, tokensPerChunk)
    .filter((event) => event['type'] !== 'ping')
    .map((event) =>
      event['type'] === 'message_stop'
        ? chunkFrame({ ...event, 'amazon-bedrock-invocationMetrics': invocationMetrics(message.completion) })
        : chunkFrame(event),
    );
}

function streamReply(chunks: readonly Uint8Array[], completion: Completion, facts: ServedFacts): ApiReply {
  return {
    status: 200,
    headers: {
      'content-type': EVENT_STREAM,
      'x-amzn-requestid': amazonRequestId(completion.id),
      'x-amzn-bedrock-content-type': 'application/json',
    },
    chunks,
    midStreamError: bedrockException('modelStreamErrorException', 'The model stopped while it was streaming.'),
    facts,
  };
}
