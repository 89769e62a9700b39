import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createCodec, decodeBody, EVENTS, type EventName } from '@weir/events';
import { WeirError } from '@weir/kernel';
import {
  frameBody,
  normalizeUsage,
  PROVIDERS,
  parseAwsEventStream,
  parseJsonArray,
  parseNdjson,
  parseSse,
  readExchange,
} from '@weir/providers';
import { type TokenUsage, toBillableClasses } from '@weir/usage';
import fc from 'fast-check';
import { GOLDEN_EVENTS } from '../../packages/events/src/testing/golden-events.ts';
import { awsFrames, cutBody, exchangeWith, sse } from '../../packages/providers/src/testing/bodies.ts';
import { type FuzzTarget, must, timed } from './fuzz-target.ts';
import { mutatedBytes, mutatedText } from './mutated-bytes.ts';

const usage = {
  prompt_tokens: 10,
  completion_tokens: 4,
  total_tokens: 14,
  prompt_tokens_details: { cached_tokens: 3 },
};
const TEXTS = [
  JSON.stringify({ id: 'c', model: 'm', choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }], usage }),
  JSON.stringify({
    id: 'm',
    type: 'message',
    model: 'c',
    content: [{ type: 'text', text: 'x' }],
    usage: { input_tokens: 5, output_tokens: 2 },
  }),
  JSON.stringify([
    {
      candidates: [{ content: { parts: [{ text: 'a' }] } }],
      usageMetadata: { promptTokenCount: 3, totalTokenCount: 9 },
    },
  ]),
  JSON.stringify({ error: { message: 'no', type: 'x', code: 429 } }),
  sse(['', { choices: [{ delta: { content: 'é😀' } }] }], ['', { choices: [], usage }], ['', '[DONE]']),
  sse(
    ['message_start', { message: { usage: { input_tokens: 10 } } }],
    ['message_delta', { usage: { output_tokens: 4 } }],
  ),
  '{"message":{"content":"a"},"done":false}\n{"done":true,"eval_count":4,"prompt_eval_count":3}\n',
];
const FRAMES = awsFrames(
  ['contentBlockDelta', { delta: { text: 'x' } }],
  ['metadata', { usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 } }],
);
const BODIES = [...TEXTS.map((text) => Buffer.from(text)), FRAMES];
const TYPES = [
  'application/json',
  'text/event-stream',
  'application/x-ndjson',
  'application/vnd.amazon.eventstream',
  '',
];
const PATHS = [
  '/v1/chat/completions',
  '/v1/messages',
  '/v1/responses',
  '/v1beta/models/m:streamGenerateContent',
  '/model/m/converse-stream',
  '/v2/chat',
  '/api/chat',
  '/v1/predictions',
];
const ends = fc.record({ cutStart: fc.boolean(), cutEnd: fc.boolean() });

const streams = fc.property(mutatedBytes(BODIES), ends, (bytes, cut) => {
  const text = Buffer.from(bytes).toString('utf8');
  const found = timed(() => [parseSse(text, cut), parseNdjson(text, cut), parseJsonArray(text, cut)]);
  for (const events of found) {
    const size = events.reduce((sum, event) => sum + event.data.length, 0);
    must(size <= text.length, 'more data than text');
  }
  const frames = timed(() => parseAwsEventStream(bytes, cut));
  must(frames.length <= bytes.length / 16, 'more frames than bytes hold');
});

const cutBodies = fc
  .tuple(mutatedBytes(BODIES), fc.nat(400), fc.nat(400))
  .map(([bytes, head, tail]) => cutBody(bytes, head, tail));

const framing = fc.property(
  cutBodies,
  fc.constantFrom(...TYPES),
  (body, type) => void timed(() => frameBody(body, type)),
);

const exchanges = fc.property(
  cutBodies,
  cutBodies,
  fc.constantFrom(...PROVIDERS.keys(), 'custom-x'),
  fc.constantFrom(...PATHS),
  fc.constantFrom(...TYPES),
  fc.constantFrom(200, 201, 400, 429, 0),
  (request, response, provider, path, responseContentType, status) => {
    const exchange = exchangeWith({ request, response, provider, path, responseContentType, status });
    const facts = timed(() => readExchange(exchange));
    expectCounts(facts.usage);
    expectCounts(facts.billedUsage);
  },
);

function expectCounts(counts: TokenUsage | null): void {
  for (const [name, value] of Object.entries(counts ?? {})) {
    if (typeof value === 'number') must(Number.isSafeInteger(value) && value >= 0, `${name} is ${value}`);
  }
  if (counts === null) return;
  for (const [name, quantity] of Object.entries(toBillableClasses(counts).classes)) {
    must(quantity >= 0 && Number.isFinite(quantity), `class ${name} is ${quantity}`);
  }
}

const FAMILIES = [
  'chat',
  'chat:mistral',
  'responses',
  'anthropic',
  'gemini',
  'converse',
  'cohere',
  'ollama',
  'replicate',
  'x',
];
const normal = fc.property(
  fc.constantFrom(...FAMILIES),
  mutatedText([JSON.stringify(usage), '{"input_tokens":1e30,"output_tokens":-4}']),
  fc.jsonValue(),
  (family, text, value) => {
    let raw: unknown = value;
    try {
      raw = JSON.parse(text);
    } catch {
      // Then the other one.
    }
    for (const one of [raw, value]) expectCounts(timed(() => normalizeUsage(family, one)).usage);
  },
);

const COMPRESSED = TEXTS.flatMap((text) => [gzipSync(text), brotliCompressSync(text), zstdCompressSync(text)]);
const inflated = fc.property(
  mutatedBytes(COMPRESSED),
  fc.constantFrom('gzip', 'br', 'zstd', 'deflate', 'x', 'GZIP '),
  (bytes, encoding) => {
    const head = Buffer.from(bytes);
    const { head: out } = timed(() => decodeBody({ head, tail: Buffer.alloc(0), bytes: head.length }, encoding));
    must(out.length <= 64 * 1024 * 1024, `${out.length} bytes`);
  },
);

function avro(name: EventName): FuzzTarget {
  const codec = createCodec(name);
  const golden = codec.encode(GOLDEN_EVENTS[name] as never);
  const property = fc.property(mutatedBytes([golden, golden.subarray(0, 20)]), (bytes) => {
    try {
      timed(() => codec.decode(Buffer.from(bytes)));
    } catch (error) {
      must(WeirError.is(error), `throws ${String(error)}`);
    }
  });
  return { name: `avro ${name}`, property };
}

export const BODY_TARGETS: readonly FuzzTarget[] = [
  { name: 'streams', property: streams },
  { name: 'framing', property: framing },
  { name: 'exchanges', property: exchanges },
  { name: 'usage', property: normal },
  { name: 'inflated bodies', property: inflated },
  ...(Object.keys(EVENTS) as EventName[]).map(avro),
];
