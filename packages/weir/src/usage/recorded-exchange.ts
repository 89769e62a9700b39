import { type Exchange, findProvider, PROVIDERS } from '@weir/providers';

/** What is known of a recorded exchange; everything but the response may be missing. */
export interface Recording {
  readonly provider: string;
  /** `POST https://host/path?query`, or a path alone. */
  readonly endpoint: string;
  /** Model of the request, where neither its body nor its path names it. */
  readonly model: string;
  readonly status: number;
  /** `json`, `sse`, `ndjson`, `aws-eventstream`, `binary`; '' lets the headers and the bytes tell. */
  readonly framing: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  /** False when the response was cut. */
  readonly complete: boolean;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
  'aws-eventstream': 'application/vnd.amazon.eventstream',
  binary: 'application/octet-stream',
};

/** A recorded exchange in the form that the readers take. */
export function recordedExchange(recording: Recording): Exchange {
  const { method, host, path } = readEndpoint(recording.endpoint, recording.model);
  const { request, response, headers, framing, status, complete } = recording;
  return {
    provider: slugOf(recording.provider, host),
    method,
    path,
    status,
    requestContentType: requestType(request),
    responseContentType: headers['content-type'] ?? CONTENT_TYPES[framing] ?? '',
    responseHeaders: headers,
    request: { head: request, tail: new Uint8Array(), bytes: request.byteLength },
    response: { head: response, tail: new Uint8Array(), bytes: response.byteLength },
    region: /^bedrock-[a-z]+\.([a-z0-9-]+)\./.exec(host)?.[1] ?? '',
    complete,
  };
}

interface Endpoint {
  readonly method: string;
  readonly host: string;
  readonly path: string;
}

/** Recorders write remarks in parentheses, `…` for the host, and `{model}` for the model. */
function readEndpoint(endpoint: string, model: string): Endpoint {
  const words = endpoint.replace(/\([^)]*\)/g, ' ').trim();
  const [, verb, rest = ''] = /^(?:([A-Za-z]{2,7})\s+)?(.*)$/.exec(words) ?? [];
  const address = rest.replace(/^(?:\.{3}|…)/, '/v1').replaceAll('{model}', encodeURIComponent(model || 'model'));
  const [, host = '', path = ''] = /^[a-z]+:\/\/([^/?]*)(.*)$/i.exec(address) ?? [];
  const found = host === '' && path === '' ? address.replace(/^(?=[^/])/, '/') : path;
  return { method: (verb ?? 'POST').toUpperCase(), host: host.toLowerCase(), path: found };
}

const HOST_SUFFIXES: readonly (readonly [suffix: string, slug: string])[] = [
  ['.openai.azure.com', 'azure-openai'],
  ['.cognitiveservices.azure.com', 'azure-openai'],
  ['.services.ai.azure.com', 'azure-openai'],
  ['-aiplatform.googleapis.com', 'google-vertex-ai'],
  ['.api.aws', 'aws-bedrock'],
  ['.amazonaws.com', 'aws-bedrock'],
  ['.api.together.ai', 'together'],
];

/** The provider of a name, else of the host that answered, else a custom one of that name. */
function slugOf(name: string, host: string): string {
  const key = name.trim().toLowerCase();
  // `openai-responses` and the like: the API is told by the path.
  const known = findProvider(key) ?? findProvider(key.replaceAll('_', '-')) ?? findProvider(key.split('-')[0] ?? '');
  if (known !== undefined) return known.slug;
  const bare = host.replace(/:\d+$/, '');
  if (bare.startsWith('bedrock-')) return 'aws-bedrock';
  const suffix = HOST_SUFFIXES.find(([end]) => `.${bare}`.endsWith(end));
  if (suffix !== undefined) return suffix[1];
  for (const { slug, origin } of PROVIDERS.values()) if (bare !== '' && new URL(origin).hostname === bare) return slug;
  return `custom-${key || 'unknown'}`;
}

function requestType(request: Uint8Array): string {
  const start = new TextDecoder().decode(request.subarray(0, 200)).trimStart();
  if (!start.startsWith('--')) return 'application/json';
  return `multipart/form-data; boundary=${start.slice(2).split(/[\r\n]/, 1)[0] ?? ''}`;
}
