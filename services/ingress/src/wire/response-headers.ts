/** Answer headers that end at Weir: hop-by-hop (RFC 9110 §7.6.1), and the ids that Weir sets itself. */
const DROPPED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'cf-aig-log-id',
  'cf-aig-request-id',
  'cf-aig-event-id',
  'cf-aig-step',
]);

/** Answer headers kept in the event: request ids, usage, tier, region, limits (reference: providers.md §4, §4.1). */
const RECORDED: ReadonlySet<string> = new Set([
  'x-request-id',
  'request-id',
  'apim-request-id',
  'x-ms-client-request-id',
  'x-ms-served-model',
  'x-ms-region',
  'x-ms-deployment-name',
  'x-ms-is-spilled-over',
  'azureai-processed-tier',
  'cf-ray',
  'cf-ai-req-id',
  'cf-ai-neurons',
  'x-debug-trace-id',
  'x-ds-trace-id',
  'x-trace-id',
  'x-generation-id',
  'x-kong-request-id',
  'mistral-correlation-id',
  'inference-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'num-tokens',
  'num_tokens',
  'num-chars',
  'num_chars',
  'character-cost',
  'x-compute-time',
  'x-inference-provider',
  'x-gemini-service-tier',
  'x-fal-billable-units',
  'x-fal-request-id',
  'location',
]);
const RECORDED_PREFIXES = [
  'x-ratelimit-',
  'ratelimit',
  'anthropic-ratelimit-',
  'anthropic-organization-',
  'openai-',
  'x-amzn-',
  'fireworks-',
  'x-groq-',
  'x-endpoint-',
  'x-trial-',
] as const;
/** Of one recorded value; longer ones are cut. */
const RECORDED_VALUE_LENGTH_MAX = 512;

export interface ResponseHead {
  /** Flat list of what the client gets, in the provider's order and spelling. */
  readonly forward: string[];
  /** Allow-listed headers, lower case, for the event. */
  readonly recorded: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** -1 when the provider gave none. */
  readonly contentLength: number;
}

const DIGITS = /^\d{1,15}$/;

/** Reads the raw answer headers (flat list of names and values) in one pass. */
export function readResponseHead(raw: readonly (Buffer | string)[]): ResponseHead {
  const forward: string[] = [];
  const recorded: Record<string, string> = {};
  let contentType = '';
  let contentEncoding = '';
  let contentLength = -1;
  let named: ReadonlySet<string> | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = latin1(raw[index]);
    const value = latin1(raw[index + 1]);
    const lower = name.toLowerCase();
    if (lower === 'connection') named = namedIn(value, named);
    if (DROPPED.has(lower)) continue;
    forward.push(name, value);
    if (lower === 'content-type') contentType = value;
    else if (lower === 'content-encoding') contentEncoding = value;
    else if (lower === 'content-length' && DIGITS.test(value)) contentLength = Number(value);
    else if (isRecorded(lower)) recorded[lower] = value.slice(0, RECORDED_VALUE_LENGTH_MAX);
  }
  return {
    forward: named === undefined ? forward : withoutNamed(forward, named),
    recorded,
    contentType,
    contentEncoding,
    contentLength,
  };
}

/** Trailers as pairs for `addTrailers`; undici gives them as it gives headers. */
export function readTrailers(raw: unknown): [string, string][] {
  if (!Array.isArray(raw)) return [];
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([latin1(raw[index]), latin1(raw[index + 1])]);
  return pairs;
}

const STREAM_TYPE = /^(?:text\/event-stream|application\/(?:x-ndjson|stream\+json|vnd\.amazon\.eventstream))\b/i;

/** True for SSE, NDJSON and AWS event streams. */
export function isStreamType(contentType: string): boolean {
  return STREAM_TYPE.test(contentType);
}

/** True for server-sent events that are not compressed. */
export function isPlainEventStream({ contentType, contentEncoding }: ResponseHead): boolean {
  const plain = contentEncoding === '' || contentEncoding === 'identity';
  return plain && /^text\/event-stream\b/i.test(contentType);
}

/** The head of an answer of which not every byte is passed on. */
export function withoutLength(head: ResponseHead): ResponseHead {
  const forward = head.forward.filter((_, index) => {
    return (head.forward[index - (index % 2)] ?? '').toLowerCase() !== 'content-length';
  });
  return { ...head, forward, contentLength: -1 };
}

function isRecorded(lower: string): boolean {
  if (RECORDED.has(lower)) return true;
  for (const prefix of RECORDED_PREFIXES) {
    if (lower.startsWith(prefix)) return true;
  }
  return false;
}

function namedIn(connection: string, before: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  if (connection === 'keep-alive' || connection === 'close') return before;
  return new Set([...(before ?? []), ...connection.split(',').map((token) => token.trim().toLowerCase())]);
}

function withoutNamed(flat: readonly string[], named: ReadonlySet<string>): string[] {
  return flat.filter((_, index) => !named.has((flat[index - (index % 2)] ?? '').toLowerCase()));
}

const latin1 = (text: unknown): string => (Buffer.isBuffer(text) ? text.toString('latin1') : String(text ?? ''));
