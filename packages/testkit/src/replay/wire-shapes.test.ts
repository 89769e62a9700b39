import { crc32 } from 'node:zlib';
import type { Started } from '@weir/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asArray, asObject, type JsonObject } from './json-access.ts';
import { type ReplayProvider, startReplayProvider } from './replay-provider.ts';

let provider: Started<ReplayProvider>;
beforeAll(async () => {
  provider = await startReplayProvider();
});
afterAll(() => provider.stop());
beforeEach(() => provider.value.reset());

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${provider.value.url}/${path}`, { method: 'POST', body: JSON.stringify(body), headers });
}

interface Frame {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: JsonObject;
}

/** Reads event-stream frames independently of the encoder, and checks both checksums of each. */
function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const total = bytes.readUInt32BE(at);
    const frame = bytes.subarray(at, at + total);
    expect(frame.readUInt32BE(8)).toBe(crc32(frame.subarray(0, 8)));
    expect(frame.readUInt32BE(total - 4)).toBe(crc32(frame.subarray(0, total - 4)));
    const headerEnd = 12 + frame.readUInt32BE(4);
    const headers: Record<string, string> = {};
    for (let h = 12; h < headerEnd; ) {
      const nameEnd = h + 1 + frame.readUInt8(h);
      expect(frame.readUInt8(nameEnd)).toBe(7);
      const valueEnd = nameEnd + 3 + frame.readUInt16BE(nameEnd + 1);
      headers[frame.toString('utf8', h + 1, nameEnd)] = frame.toString('utf8', nameEnd + 3, valueEnd);
      h = valueEnd;
    }
    frames.push({ headers, payload: asObject(JSON.parse(frame.toString('utf8', headerEnd, total - 4))) });
    at += total;
  }
  return frames;
}

const converse = {
  messages: [{ role: 'user', content: [{ text: 'How deep is the river?' }] }],
  inferenceConfig: { maxTokens: 40 },
};
const NOVA = 'aws-bedrock/model/us.amazon.nova-pro-v1%3A0';

function lastUsage(): NonNullable<ReplayProvider['served'][number]['usage']> {
  const usage = provider.value.served.at(-1)?.usage;
  if (usage === null || usage === undefined) throw new Error('nothing with a usage was served');
  return usage;
}

describe('Bedrock', () => {
  it('converses, and streams frames with valid checksums and the usage last', async () => {
    const whole = asObject(await (await post(`${NOVA}/converse`, converse)).json());
    expect(whole['usage']).toEqual({
      inputTokens: lastUsage().inputTokens,
      outputTokens: lastUsage().outputTokens,
      totalTokens: lastUsage().totalTokens,
    });
    const response = await post(`${NOVA}/converse-stream`, converse);
    expect(response.headers.get('content-type')).toBe('application/vnd.amazon.eventstream');
    const frames = readFrames(Buffer.from(await response.arrayBuffer()));
    expect(frames.at(0)?.headers[':event-type']).toBe('messageStart');
    expect(frames.at(-1)?.headers).toMatchObject({ ':event-type': 'metadata', ':message-type': 'event' });
    expect(frames.at(-1)?.payload['usage']).toMatchObject({ totalTokens: lastUsage().totalTokens });
    expect(provider.value.served.at(-1)?.model).toBe('us.amazon.nova-pro-v1:0');
  });

  it('caches up to a cachePoint and adds the counts up', async () => {
    const body = {
      ...converse,
      system: [{ text: 'Measure twice. '.repeat(400) }, { cachePoint: { type: 'default' } }],
    };
    await post(`${NOVA}/converse`, body);
    const written = lastUsage().cacheWrite5mTokens;
    const second = asObject(await (await post(`${NOVA}/converse`, body)).json());
    expect(written).toBeGreaterThan(1024);
    expect(second['usage']).toMatchObject({ cacheReadInputTokens: written, cacheWriteInputTokens: 0 });
    const { inputTokens, outputTokens, totalTokens } = asObject(second['usage']) as Record<string, number>;
    expect((inputTokens ?? 0) + (outputTokens ?? 0) + written).toBe(totalTokens);
  });

  it('invokes Claude, whole and as chunk frames with metrics in the last', async () => {
    const path = 'aws-bedrock/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0';
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 64,
      messages: [{ role: 'user', content: 'Hi' }],
    };
    const whole = await post(`${path}/invoke`, body);
    expect(whole.headers.get('x-amzn-bedrock-output-token-count')).toBe(String(lastUsage().outputTokens));
    expect(asObject(await whole.json())['id']).toMatch(/^msg_bdrk_/);
    const response = await post(`${path}/invoke-with-response-stream`, body);
    const inner = readFrames(Buffer.from(await response.arrayBuffer())).map((frame) => {
      expect(frame.headers[':event-type']).toBe('chunk');
      return asObject(JSON.parse(Buffer.from(String(frame.payload['bytes']), 'base64').toString('utf8')));
    });
    expect(inner.map((event) => event['type']).slice(0, 2)).toEqual(['message_start', 'content_block_start']);
    expect(inner.at(-1)?.['amazon-bedrock-invocationMetrics']).toMatchObject({
      inputTokenCount: lastUsage().inputTokens,
      outputTokenCount: lastUsage().outputTokens,
    });
  });

  it('invokes Llama and Titan in their own shapes', async () => {
    const llama = await post('aws-bedrock/model/meta.llama3-1-70b-instruct-v1%3A0/invoke', {
      prompt: 'Hi',
      max_gen_len: 9,
    });
    expect(await llama.json()).toMatchObject({ generation_token_count: 9, stop_reason: 'length' });
    const titan = await post('aws-bedrock/model/amazon.titan-text-express-v1/invoke', { inputText: 'Hi' });
    expect(await titan.json()).toMatchObject({ results: [{ tokenCount: lastUsage().outputTokens }] });
  });

  it('reports errors by header, and in a stream as an exception frame', async () => {
    const refused = await post(`${NOVA}/converse`, converse, { 'x-replay-fault': 'status=429' });
    expect(refused.headers.get('x-amzn-errortype')).toMatch(/^ThrottlingException:/);
    const broken = await post(`${NOVA}/converse-stream`, converse, { 'x-replay-fault': 'error-after=2' });
    const frames = readFrames(Buffer.from(await broken.arrayBuffer()));
    expect(frames).toHaveLength(3);
    expect(frames[2]?.headers).toMatchObject({ ':message-type': 'exception' });
  });
});

describe('Cohere', () => {
  const body = { model: 'command-r7b-12-2024', messages: [{ role: 'user', content: 'How deep is the river?' }] };

  it('tells context tokens from billed units', async () => {
    const answer = asObject(await (await post('cohere/v2/chat', body)).json());
    const billed = provider.value.served.at(-1)?.billedUsage;
    expect(answer['usage']).toMatchObject({
      tokens: { input_tokens: lastUsage().inputTokens, output_tokens: lastUsage().outputTokens },
      billed_units: { input_tokens: billed?.inputTokens, output_tokens: billed?.outputTokens },
    });
    expect(lastUsage().inputTokens).toBeGreaterThan(billed?.inputTokens ?? 0);
  });

  it('streams named events up to message-end with the usage', async () => {
    const text = await (await post('cohere/v2/chat', { ...body, stream: true })).text();
    const events = text.split('\n\n').filter((block) => block.startsWith('event: '));
    expect(events.at(0)).toContain('event: message-start');
    expect(events.at(-1)).toContain(`"output_tokens":${lastUsage().outputTokens}`);
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });
});

describe('Ollama', () => {
  it('streams JSON lines by default and counts in the last', async () => {
    const body = { model: 'llama3.2', messages: [{ role: 'user', content: 'How deep is the river?' }] };
    const response = await post('ollama/api/chat', body);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => asObject(JSON.parse(line)));
    expect(lines.slice(0, -1).every((line) => line['done'] === false)).toBe(true);
    expect(lines.at(-1)).toMatchObject({
      done: true,
      prompt_eval_count: lastUsage().inputTokens,
      eval_count: lastUsage().outputTokens,
    });
    const whole = await post('ollama/api/generate', { model: 'llama3.2', prompt: 'Hi', stream: false });
    expect(await whole.json()).toMatchObject({ done: true, response: expect.any(String) });
  });
});

describe('Workers AI', () => {
  it('wraps the native answer in its envelope', async () => {
    const path = 'workers-ai/client/v4/accounts/acct/ai/run/@cf/meta/llama-3.1-8b-instruct';
    const answer = await (await post(path, { prompt: 'How deep is the river?' })).json();
    expect(answer).toMatchObject({ success: true, result: { usage: { total_tokens: lastUsage().totalTokens } } });
    expect(provider.value.served.at(-1)?.model).toBe('@cf/meta/llama-3.1-8b-instruct');
  });
});

describe('Vertex', () => {
  it('serves Claude by the model in the path, and Gemini', async () => {
    const base = 'google-vertex-ai/v1/projects/p/locations/global/publishers';
    const claude = await post(`${base}/anthropic/models/claude-sonnet-4-5@20250929:rawPredict`, {
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: 32,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(await claude.json()).toMatchObject({
      model: 'claude-sonnet-4-5@20250929',
      id: expect.stringMatching(/^msg_vrtx_/),
    });
    const gemini = await post(`${base}/google/models/gemini-2.5-pro:generateContent`, {
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    });
    expect(asArray(asObject(await gemini.json())['candidates'])).toHaveLength(1);
  });
});

describe('replicate', () => {
  it('answers a prediction that is done, with its metrics', async () => {
    const body = { input: { prompt: 'How deep is the river?' } };
    const response = await post('replicate/v1/models/meta/llama/predictions', body);
    expect(response.status).toBe(201);
    const answer = asObject(await response.json());
    const [served] = provider.value.served;
    expect(answer).toMatchObject({ id: served?.responseId, model: 'meta/llama', status: 'succeeded', error: null });
    expect(asObject(answer['metrics'])).toMatchObject({
      input_token_count: served?.usage?.inputTokens,
      output_token_count: served?.usage?.outputTokens,
    });
    expect(asArray(answer['output']).length).toBe(served?.usage?.outputTokens);
  });
});

describe('mistral', () => {
  it('streams a tool call whole', async () => {
    const tools = [{ type: 'function', function: { name: 'gauge', parameters: { type: 'object', properties: {} } } }];
    const messages = [{ role: 'user', content: 'How deep?' }];
    const body = { model: 'mistral-small-latest', stream: true, messages, tools };
    const text = await (await post('mistral/v1/chat/completions', body)).text();
    expect(text.split('"tool_calls":').length).toBe(2);
    expect(text).toContain('"function":{"name":"gauge","arguments":"{}"}');
  });
});
