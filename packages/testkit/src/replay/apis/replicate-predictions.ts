import { type ApiCall, type ApiContext, type ApiReply, jsonReply, servedFacts } from '../api-call.ts';
import { asCount, asObject, asText } from '../json-access.ts';
import { PromptText } from '../synthesis/read-messages.ts';

/**
 * Answers Replicate's `/predictions` and `/models/{owner}/{name}/predictions` as `Prefer: wait` does when the model is done
 * in time: 201 and the whole prediction. Official language models count tokens in `metrics`.
 */
export function replyPrediction(call: ApiCall, context: ApiContext): ApiReply {
  const input = asObject(call.body['input']);
  const model = (call.groups[0] ?? '') || asText(call.body['version']);
  const text = new PromptText();
  text.add(asText(input['system_prompt']));
  text.add(asText(input['prompt']));
  const completion = context.compose(
    call.provider,
    {
      model,
      ...text.finish(),
      caching: 'none',
      tools: [],
      maxOutputTokens: asCount(input['max_tokens'] ?? input['max_new_tokens']),
      reasoning: false,
    },
    call.bytes,
  );
  const { id, usage, created } = completion;
  const at = (seconds: number): string => new Date((created + seconds) * 1_000).toISOString();
  const url = `https://api.replicate.com/v1/predictions/${id}`;
  const body = {
    id,
    model,
    version: 'dp-00000000000000000000000000000000',
    input,
    logs: '',
    output: completion.pieces,
    data_removed: false,
    error: null,
    status: 'succeeded',
    created_at: at(0),
    started_at: at(0),
    completed_at: at(1),
    metrics: {
      input_token_count: usage.inputTokens,
      output_token_count: usage.outputTokens,
      predict_time: 1.25,
      total_time: 1.5,
    },
    urls: { cancel: `${url}/cancel`, get: url },
  };
  const facts = servedFacts({ model, stream: false, responseId: id, usage });
  return { ...jsonReply(body, facts, { 'preference-applied': 'wait' }), status: 201 };
}
