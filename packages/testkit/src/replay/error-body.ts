import type { JsonObject } from './json-access.ts';

export interface ErrorBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Shape = (status: number, id: string) => ErrorBody;

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'The request is invalid.',
  401: 'Incorrect API key provided.',
  403: 'The key may not use this resource.',
  404: 'The model or path does not exist.',
  413: 'The request is too large.',
  429: 'Rate limit reached.',
  503: 'The service is unavailable.',
  529: 'Overloaded',
};

function messageOf(status: number): string {
  return MESSAGES[status] ?? 'The server had an error while processing your request.';
}

/** The entry of the status, else that of 500 for server errors and of 400 for the rest. */
function named(names: Readonly<Record<number, string>>, status: number): string {
  return names[status] ?? names[status >= 500 ? 500 : 400] ?? '';
}

const OPENAI_CODES = {
  400: 'invalid_value',
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
  500: '',
};
const OPENAI_TYPES = { 400: 'invalid_request_error', 429: 'requests', 500: 'server_error' };

const openAiShape =
  (header: string): Shape =>
  (status, id) => ({
    headers: { [header]: `req_${id}` },
    body: {
      error: {
        message: messageOf(status),
        type: named(OPENAI_TYPES, status),
        param: null,
        code: named(OPENAI_CODES, status) || null,
      },
    },
  });

const ANTHROPIC_TYPES = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const anthropicShape: Shape = (status, id) => ({
  headers: { 'request-id': `req_${id}` },
  body: {
    type: 'error',
    error: { type: named(ANTHROPIC_TYPES, status), message: messageOf(status) },
    request_id: `req_${id}`,
  },
});

const GOOGLE_STATUSES = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

const googleShape: Shape = (status) => {
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' };
  const details: JsonObject = status === 429 ? { details: [retry] } : {};
  return {
    headers: {},
    body: { error: { code: status, message: messageOf(status), status: named(GOOGLE_STATUSES, status), ...details } },
  };
};

const BEDROCK_NAMES = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};

const bedrockShape: Shape = (status, id) => ({
  headers: {
    'x-amzn-requestid': id,
    'x-amzn-errortype': `${named(BEDROCK_NAMES, status)}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
  },
  body: { message: messageOf(status) },
});

const mistralShape: Shape = (status, id) => ({
  headers: { 'mistral-correlation-id': id },
  body:
    status === 401
      ? { detail: 'Unauthorized' }
      : {
          object: 'error',
          message: messageOf(status),
          type: named(OPENAI_TYPES, status),
          param: null,
          code: String(status),
        },
});

const SHAPES: Readonly<Record<string, Shape>> = {
  anthropic: anthropicShape,
  'google-ai-studio': googleShape,
  'google-vertex-ai': googleShape,
  'aws-bedrock': bedrockShape,
  mistral: mistralShape,
  cohere: (status, id) => ({ headers: { 'x-debug-trace-id': id }, body: { id, message: messageOf(status) } }),
  grok: (status) => ({ headers: {}, body: { code: named(OPENAI_TYPES, status), error: messageOf(status) } }),
  'perplexity-ai': (status) => ({
    headers: {},
    body: { error: { message: messageOf(status), type: named(OPENAI_TYPES, status), code: status } },
  }),
  openrouter: (status) => ({ headers: {}, body: { error: { code: status, message: messageOf(status) } } }),
  replicate: (status) => ({
    headers: { 'content-type': 'application/problem+json' },
    body: { title: named(OPENAI_TYPES, status), detail: messageOf(status), status },
  }),
  ollama: (status) => ({ headers: {}, body: { error: messageOf(status) } }),
  'workers-ai': (status) => ({
    headers: {},
    body: {
      success: false,
      result: null,
      messages: [],
      errors: [{ code: status === 429 ? 3036 : 5000 + (status % 1000), message: messageOf(status) }],
    },
  }),
  deepseek: openAiShape('x-ds-trace-id'),
};

const openAiDefault = openAiShape('x-request-id');

/** The body and headers with which the provider reports that status (reference: providers.md §4.2). */
export function errorBody(provider: string, status: number, id: string): ErrorBody {
  const shape = Object.hasOwn(SHAPES, provider) ? SHAPES[provider] : undefined;
  return (shape ?? openAiDefault)(status, id);
}
