import type { ApiCall, ApiContext, ApiReply } from '../api-call.ts';
import { groupPieces, jsonReply, servedFacts, sseEvent, sseReply } from '../api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Completion, Prompt, ToolSpec } from '../synthesis/compose-completion.ts';
import { addContent, functionTools, isReasoningModel, PromptText } from '../synthesis/read-messages.ts';
import { type ChatDialect, chatCaching, chatDialect } from './chat-dialect.ts';

/** Answers `…/chat/completions` in the dialect of the provider. The model of Azure's form is the deployment. */
export function replyChat(call: ApiCall, context: ApiContext): ApiReply {
  const model = asText(call.body['model']) || (call.groups[0] ?? '');
  const dialect = chatDialect(call.provider);
  const composed = context.compose(call.provider, readPrompt(call, model), call.bytes);
  const completion = { ...composed, usage: { ...composed.usage, units: dialect.units } };
  const stream = call.body['stream'] === true;
  const asked = asObject(call.body['stream_options'])['include_usage'] === true;
  const facts = servedFacts({
    model,
    stream,
    responseId: `chatcmpl-${completion.id}`,
    usage: completion.usage,
    usageReported: !stream || asked || dialect.streamUsage !== 'asked',
    reportedCostUsd: dialect.costUsd(completion.usage, model),
  });
  const headers = { [dialect.requestIdHeader]: `req_${completion.id}` };
  const exchange = { model, dialect, completion, tier: serviceTier(call.body) };
  if (!stream) return jsonReply(wholeBody(exchange), facts, headers);
  const midStreamError = sseEvent({
    error: {
      message: 'The server had an error while processing your request.',
      type: 'server_error',
      param: null,
      code: null,
    },
  });
  return sseReply(streamEvents(exchange, asked, context.tokensPerChunk), midStreamError, facts, headers);
}

interface ChatExchange {
  readonly model: string;
  readonly dialect: ChatDialect;
  readonly completion: Completion;
  readonly tier: string;
}

/** The tier served: as asked, `default` when the choice was left to the provider. */
export function serviceTier(body: JsonObject): string {
  const asked = asText(body['service_tier']);
  return asked === '' || asked === 'auto' ? 'default' : asked;
}

function readPrompt(call: ApiCall, model: string): Prompt {
  const { body } = call;
  const text = new PromptText();
  if (asArray(body['tools']).length > 0) text.add(`${JSON.stringify(body['tools'])}\n`);
  const messages = asArray(body['messages']).map(asObject);
  for (const message of messages) {
    addContent(text, asText(message['role']), message['content']);
    if (asArray(message['tool_calls']).length > 0) text.add(`${JSON.stringify(message['tool_calls'])}\n`);
  }
  const format = asObject(body['response_format']);
  const schema = format['type'] === 'json_schema' ? asObject(format['json_schema'])['schema'] : undefined;
  const jsonMode = format['type'] === 'json_object' ? { type: 'object', properties: { answer: {} } } : undefined;
  return {
    model,
    ...text.finish(),
    caching: chatCaching(call.provider, model),
    tools: messages.at(-1)?.['role'] === 'tool' ? [] : chosenTools(functionTools(body['tools']), body['tool_choice']),
    maxOutputTokens: asCount(body['max_completion_tokens'] ?? body['max_tokens']),
    reasoning: isReasoningModel(model) && body['reasoning_effort'] !== 'none',
    schema: schema ?? jsonMode,
  };
}

/** Applies OpenAI's `tool_choice`: none drops the tools, a named function keeps only that one. */
export function chosenTools(tools: readonly ToolSpec[], choice: unknown): readonly ToolSpec[] {
  if (choice === 'none') return [];
  const named = asObject(choice);
  const name = asText(asObject(named['function'])['name']) || asText(named['name']);
  return name === '' ? tools : tools.filter((tool) => tool.name === name);
}

function wholeBody({ model, dialect, completion, tier }: ChatExchange): JsonObject {
  const calls = completion.toolCalls.map((toolCall) => ({
    id: `call_${toolCall.id}`,
    type: 'function',
    function: { name: toolCall.name, arguments: JSON.stringify(toolCall.arguments) },
  }));
  const reasoning =
    dialect.reasoningField !== '' && completion.reasoningPieces.length > 0
      ? { [dialect.reasoningField]: completion.reasoningPieces.join('') }
      : {};
  return {
    id: `chatcmpl-${completion.id}`,
    object: 'chat.completion',
    created: completion.created,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: calls.length > 0 ? null : completion.pieces.join(''),
          ...reasoning,
          refusal: null,
          annotations: [],
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        logprobs: null,
        finish_reason: completion.finish,
      },
    ],
    usage: dialect.usage(completion.usage, model),
    service_tier: tier,
    system_fingerprint: null,
    ...(dialect.streamUsage === 'x-groq' ? { x_groq: { id: `req_${completion.id}` } } : {}),
  };
}

function streamDeltas({ dialect, completion }: ChatExchange, tokensPerChunk: number): JsonObject[] {
  const deltas: JsonObject[] = [
    { role: 'assistant', content: completion.toolCalls.length > 0 ? null : '', refusal: null },
  ];
  if (dialect.reasoningField !== '') {
    for (const text of groupPieces(completion.reasoningPieces, tokensPerChunk)) {
      deltas.push({ [dialect.reasoningField]: text });
    }
  }
  for (const text of groupPieces(completion.pieces, tokensPerChunk)) deltas.push({ content: text });
  for (const [index, toolCall] of completion.toolCalls.entries()) {
    if (dialect.wholeToolCalls) {
      const call = { name: toolCall.name, arguments: JSON.stringify(toolCall.arguments) };
      deltas.push({ tool_calls: [{ index, id: `call_${toolCall.id}`, function: call }] });
      continue;
    }
    const named = { name: toolCall.name, arguments: '' };
    deltas.push({ tool_calls: [{ index, id: `call_${toolCall.id}`, type: 'function', function: named }] });
    for (const fragment of JSON.stringify(toolCall.arguments).match(/[\s\S]{1,16}/g) ?? []) {
      deltas.push({ tool_calls: [{ index, function: { arguments: fragment } }] });
    }
  }
  return deltas;
}

function streamEvents(exchange: ChatExchange, asked: boolean, tokensPerChunk: number): string[] {
  const { model, dialect, completion, tier } = exchange;
  const usage = dialect.usage(completion.usage, model);
  const shared = {
    id: `chatcmpl-${completion.id}`,
    object: 'chat.completion.chunk',
    created: completion.created,
    model,
    service_tier: tier,
    system_fingerprint: null,
  };
  const inEvery =
    dialect.streamUsage === 'every-chunk' ? { usage } : asked && dialect.streamUsage === 'asked' ? { usage: null } : {};
  const chunk = (delta: JsonObject, finish: string | null, extra: JsonObject): string =>
    sseEvent({
      ...shared,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...inEvery,
      ...extra,
    });
  const atFinish: JsonObject =
    dialect.streamUsage === 'finish-chunk'
      ? { usage }
      : dialect.streamUsage === 'x-groq'
        ? { x_groq: { id: `req_${completion.id}`, usage } }
        : {};
  const events = dialect.comment === '' ? [] : [dialect.comment];
  for (const delta of streamDeltas(exchange, tokensPerChunk)) events.push(chunk(delta, null, {}));
  events.push(chunk({}, completion.finish, atFinish));
  const askedChunk = asked && (dialect.streamUsage === 'asked' || dialect.streamUsage === 'x-groq');
  if (askedChunk || dialect.streamUsage === 'last-chunk') events.push(sseEvent({ ...shared, choices: [], usage }));
  if (dialect.done) events.push(sseEvent('[DONE]'));
  return events;
}
