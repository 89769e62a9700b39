import Replicate from 'replicate';
import type { ClientFamily } from '../support/official-client.ts';

const MODEL = 'meta/meta-llama-3-8b-instruct';

interface Metrics {
  readonly input_token_count?: number;
  readonly output_token_count?: number;
}

export const replicateClient: ClientFamily = {
  name: 'replicate',
  provider: 'replicate',
  model: MODEL,
  errors: { 400: 'ApiError', 401: 'ApiError', 429: 'ApiError' },
  // Predictions stream from a host of their own, past any gateway, and are answered with 201, which is not kept.
  lacks: ['tool', 'stream', 'cache'],
  describeError(error) {
    const { name, response } = error as { name: string; response?: Response };
    return { name, status: response?.status };
  },
  create({ ingressUrl, apiKey, headers, fetch = globalThis.fetch }) {
    const client = new Replicate({
      auth: apiKey,
      baseUrl: `${ingressUrl}/replicate`,
      // The client has no option for headers.
      fetch: (input, init) => {
        const all = new Headers(init?.headers);
        for (const [name, value] of Object.entries(headers)) all.set(name, value);
        return fetch(input, { ...init, headers: all });
      },
    });
    return {
      async ask({ prompt }) {
        const prediction = await client.predictions.create({ model: MODEL, input: { prompt }, wait: true });
        const { input_token_count: inputTokens, output_token_count: outputTokens } = (prediction.metrics ??
          {}) as Metrics;
        const text = Array.isArray(prediction.output) ? prediction.output.join('') : '';
        return { text, toolCalls: [], inputTokens, outputTokens };
      },
    };
  },
};
