/** Traffic of an installation with features of its own rhythm: as history, in request events, and live, through the gateway. */
import { createHash } from 'node:crypto';
import type { LogRecord } from '@weir/event-log';
import { createCodec, type RequestEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { type SeededRandom, seededRandom } from '@weir/testkit';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface Stream {
  readonly feature: string;
  readonly provider: 'openai' | 'anthropic';
  readonly model: string;
  readonly system: string;
  readonly tokens: number;
  /** Share of the calls that find half of their prompt in the provider's cache. */
  readonly cached: number;
  /** Calls an hour, and at which hours: all of them, or those around a moment. */
  readonly perHour: number;
  readonly around?: number;
  readonly users: readonly string[];
}

const USERS = Array.from({ length: 30 }, (_, at) => `u-${at}`);
const CROWD = Array.from({ length: 400 }, (_, at) => `p-${at}`);
/** Calls of the busy stream come in whole half hours, which seasons are made of: the one before its moment, its own, the next two. */
const HALF_HOUR = 30 * MINUTE;

const streamOf = (feature: string, change: Partial<Stream> = {}): Stream => ({
  feature,
  provider: 'openai',
  model: 'gpt-4o',
  system: `You are the ${feature} of a shop. Be brief.`,
  tokens: 1_600,
  cached: 0,
  perHour: 6,
  users: USERS,
  ...change,
});

/** One stream for each thing that is to go wrong; `pulse` is as busy as silence must be to be noticed within a minute. */
export const STREAMS = {
  chat: streamOf('chat'),
  summarise: streamOf('summarise'),
  classify: streamOf('classify', { model: 'gpt-4o-mini' }),
  translate: streamOf('translate', { provider: 'anthropic', model: 'claude-sonnet-4-5' }),
  search: streamOf('search', { cached: 0.8 }),
  api: streamOf('api'),
  rank: streamOf('rank', { model: 'gpt-4.1-mini', perHour: 9 }),
  pulse: streamOf('pulse', { model: 'gpt-4o-mini', perHour: 40 * 60, tokens: 300, users: CROWD }),
} as const;

export interface Call {
  readonly user: string;
  readonly tokens: number;
  /** Makes the text one that no cache knows. */
  readonly nonce: string;
}

export const callOf = ({ users, tokens }: Stream, random: SeededRandom): Call => {
  const normal = Math.sqrt(-2 * Math.log(random.next() + 1e-12)) * Math.cos(2 * Math.PI * random.next());
  return { user: random.pick(users), tokens: Math.round(tokens * Math.exp(0.3 * normal)), nonce: random.hex(16) };
};

/** A request of the stream, as its application writes it. */
export function bodyOf({ provider, model, system, tokens }: Stream, call: Call): string {
  const padding = 'word '.repeat(Math.max(1, Math.ceil(((call.tokens || tokens) * 4 - system.length - 40) / 5)));
  const user = { role: 'user', content: `${call.nonce} ${padding}` };
  return provider === 'openai'
    ? JSON.stringify({ model, messages: [{ role: 'system', content: system }, user] })
    : JSON.stringify({ model, max_tokens: 1_000, system, messages: [user] });
}

export const pathOf = ({ provider }: Stream): string =>
  provider === 'openai' ? '/v1/chat/completions' : '/v1/messages';

/** Sends a call through the gateway, and reads the answer to its end. */
export async function send(gatewayUrl: string, stream: Stream, call: Call, fault = ''): Promise<void> {
  const response = await fetch(`${gatewayUrl}/${stream.provider}${pathOf(stream)}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(stream.provider === 'openai' ? { authorization: 'Bearer k-1' } : { 'x-api-key': 'k-1' }),
      'cf-aig-metadata': JSON.stringify({ feature: stream.feature, user: call.user, env: 'production' }),
      ...(fault === '' ? {} : { 'x-replay-fault': fault }),
    },
    body: bodyOf(stream, call),
  });
  await response.arrayBuffer();
}

export interface HistoryOptions {
  readonly streams: readonly Stream[];
  readonly from: number;
  readonly to: number;
  readonly seed: string;
  /** Fingerprints of the keys, as the gateway makes them. */
  readonly keyIds: Readonly<Record<string, string>>;
  /** Changes what a call of a moment is like. */
  readonly change?: (stream: Stream, call: Call, ts: number) => Call;
  /** How many times as many calls as usual a moment has. */
  readonly volume?: (stream: Stream, ts: number) => number;
}

/** The records of weir.requests that the gateway would have written, in the order of their time. */
export function historyRecords(options: HistoryOptions): LogRecord[] {
  const random = seededRandom(options.seed);
  const times = options.streams.flatMap((stream) => timesOf(stream, options, random).map((ts) => ({ stream, ts })));
  times.sort((a, b) => a.ts - b.ts);
  const codec = createCodec('request');
  return times.map(({ stream, ts }) => {
    const call = options.change?.(stream, callOf(stream, random), ts) ?? callOf(stream, random);
    const event = eventOf(stream, call, ts, options.keyIds, random);
    return { key: event.request_id, value: codec.encode(event), timestampMs: ts + 1_000 };
  });
}

function timesOf(stream: Stream, { from, to, volume }: HistoryOptions, random: SeededRandom): number[] {
  const times: number[] = [];
  // From a whole minute on: half hours then begin with their first call, not with a gap.
  for (let minute = Math.floor(from / MINUTE) * MINUTE; minute < to; minute += MINUTE) {
    if (stream.around !== undefined) {
      const first = (Math.floor(stream.around / HALF_HOUR) - 1) * HALF_HOUR;
      if ((((minute - first) % DAY) + DAY) % DAY >= 4 * HALF_HOUR) continue;
    }
    const mean = (stream.perHour / 60) * (volume?.(stream, minute) ?? 1);
    for (let left = poisson(mean, random); left > 0; left -= 1) times.push(Math.floor(minute + random.next() * MINUTE));
  }
  return times.filter((ts) => ts >= from && ts < to);
}

function poisson(mean: number, random: SeededRandom): number {
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > least; product *= random.next()) count += 1;
  return count;
}

function eventOf(
  stream: Stream,
  call: Call,
  ts: number,
  keyIds: Readonly<Record<string, string>>,
  random: SeededRandom,
): RequestEvent {
  // What the text is about matters to nobody; how long it was stands in the usage.
  const request = Buffer.from(bodyOf(stream, { ...call, tokens: 1 }));
  const response = Buffer.from(JSON.stringify(answerOf(stream, call, random)));
  const time = ts.toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${random.hex(3)}-8${random.hex(3)}-${random.hex(12)}`;
  const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  return {
    ...GOLDEN_EVENTS.request,
    request_id: id,
    parent_id: id,
    event_id: id,
    attempt: 1,
    ts,
    account: 'default',
    gateway: 'default',
    env: 'production',
    feature: stream.feature,
    user_id: call.user,
    session_id: '',
    token_id: '',
    api_key_id: keyIds[stream.provider] ?? '',
    tags: {},
    provider: stream.provider,
    path: pathOf(stream),
    stream: false,
    cache_status: 'none',
    custom_cost: '',
    response_content_type: 'application/json',
    response_encoding: '',
    response_headers: {},
    payload: 'full',
    request_head: request,
    request_tail: Buffer.alloc(0),
    response_head: response,
    response_tail: Buffer.alloc(0),
    request_bytes: request.length,
    response_bytes: response.length,
    request_sha256: sha(request),
    response_sha256: sha(response),
    facts: '',
  };
}

function answerOf({ provider, model, cached }: Stream, { tokens }: Call, random: SeededRandom): unknown {
  const output = random.int(16, 160);
  const read = random.next() < cached ? Math.floor(tokens / 2) : 0;
  if (provider === 'anthropic') {
    return {
      id: `msg_${random.hex(12)}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text: 'So.' }],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: tokens,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
        output_tokens: output,
      },
    };
  }
  return {
    id: `chatcmpl-${random.hex(12)}`,
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'So.' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: tokens,
      completion_tokens: output,
      total_tokens: tokens + output,
      prompt_tokens_details: { cached_tokens: read },
    },
    service_tier: 'default',
  };
}
