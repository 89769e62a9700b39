import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fixturesDirectory } from '../fixtures-directory.ts';
import { waitFor } from '../process/wait-for.ts';
import { asArray, asObject, asText } from './json-access.ts';
import { type ReplayOptions, type ReplayProvider, startReplayProvider } from './replay-provider.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(options: ReplayOptions = {}): Promise<ReplayProvider> {
  const started = await startReplayProvider(options);
  stops.push(() => started.stop());
  return started.value;
}

const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'How deep is the river?' }] };

function chat(provider: ReplayProvider, headers: Record<string, string> = {}, body: object = CHAT): Promise<Response> {
  const url = `${provider.baseUrl('openai')}/v1/chat/completions`;
  return fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
}

const STREAM = { ...CHAT, stream: true, stream_options: { include_usage: true } };

describe('determinism', () => {
  it('two providers give the same bytes to the same sequence; another seed gives others', async () => {
    const texts: string[] = [];
    for (const seed of ['a', 'a', 'b']) {
      const provider = await start({ seed });
      const answers = [await chat(provider), await chat(provider), await chat(provider, {}, STREAM)];
      texts.push((await Promise.all(answers.map((answer) => answer.text()))).join('\n'));
    }
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).not.toBe(texts[2]);
  });

  it('repeats the answer to a repeated body under a new id', async () => {
    const provider = await start();
    const [first, second] = [await (await chat(provider)).json(), await (await chat(provider)).json()].map(asObject);
    expect(first?.['usage']).toEqual(second?.['usage']);
    expect(first?.['choices']).toEqual(second?.['choices']);
    expect(first?.['id']).not.toBe(second?.['id']);
  });
});

describe('ledger of what was served', () => {
  it('sums exactly per model, keeps request ids and bytes, and stays bounded', async () => {
    const provider = await start({ servedCapacity: 10 });
    const bytes: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const response = await chat(provider, { 'x-request-id': `client-${index}` });
      bytes.push((await response.arrayBuffer()).byteLength);
    }
    const last = await waitFor(() => provider.counters.served === 12 && provider.served.at(-1), {
      what: '12 responses',
    });
    expect(last).toMatchObject({ sequence: 12, requestId: 'client-11', bytes: bytes[11] });
    expect(provider.served.length).toBe(10);
    expect(provider.counters).toMatchObject({ received: 12, dropped: 2 });
    expect(provider.totals()).toEqual([
      expect.objectContaining({
        provider: 'openai',
        model: 'gpt-4o',
        responses: 12,
        outputTokens: 12 * (last?.usage?.outputTokens ?? 0),
        bytes: bytes.reduce((sum, size) => sum + size, 0),
      }),
    ]);
  });
});

describe('faults', () => {
  it('delays the first byte and paces the rest', async () => {
    const provider = await start();
    const started = performance.now();
    const response = await chat(provider, { 'x-replay-fault': 'first-byte-ms=120', 'x-replay-delay-ms': '5' }, STREAM);
    expect(performance.now() - started).toBeGreaterThanOrEqual(115);
    const events = (await response.text()).split('\n\n').length - 1;
    expect(performance.now() - started).toBeGreaterThanOrEqual(115 + (events - 1) * 4);
  });

  it('stalls until the client leaves, and counts it as left', async () => {
    const provider = await start();
    const leave = new AbortController();
    const url = `${provider.baseUrl('openai')}/v1/chat/completions`;
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(STREAM),
      headers: { 'x-replay-fault': 'stall-after=2' },
      signal: leave.signal,
    });
    const reader = response.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    leave.abort();
    await waitFor(() => provider.counters.left === 1, { what: 'the client to be gone' });
    expect(provider.served).toEqual([]);
  });

  it('cuts a JSON body in the middle, announces wrong lengths, and sends empty bodies', async () => {
    const provider = await start();
    for (const fault of ['cut-after=0', 'content-length-off=10']) {
      const response = await chat(provider, { 'x-replay-fault': fault });
      await expect(response.text()).rejects.toThrow();
    }
    expect(provider.counters).toMatchObject({ cut: 2, served: 0 });
    const whole = await (await chat(provider)).text();
    const short = await (await chat(provider, { 'x-replay-fault': 'content-length-off=-10' })).text();
    expect(short.length).toBe(whole.length - 10);
    const empty = await chat(provider, { 'x-replay-fault': 'status=500; empty-body' });
    expect([empty.status, await empty.text()]).toEqual([500, '']);
  });

  it('takes faults from a rule, and refuses a header it cannot read', async () => {
    const provider = await start({ fault: ({ number }) => (number % 2 === 0 ? { status: 503 } : undefined) });
    expect([(await chat(provider)).status, (await chat(provider)).status]).toEqual([200, 503]);
    const refused = await chat(provider, { 'x-replay-fault': 'stauts=500' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: 'TESTKIT_FAULT_SYNTAX' } });
  });

  it('answers unknown paths and unreadable bodies like the provider', async () => {
    const provider = await start();
    const lost = await fetch(`${provider.baseUrl('anthropic')}/v1/nowhere`, { method: 'POST', body: '{"a":1}' });
    expect([lost.status, asObject(await lost.json())['type']]).toEqual([404, 'error']);
    const url = `${provider.baseUrl('openai')}/v1/chat/completions`;
    expect((await fetch(url, { method: 'POST', body: 'not json' })).status).toBe(400);
  });
});

describe('compression', () => {
  it('gzips whole bodies and streams when both sides agree, and counts the bytes on the wire', async () => {
    const provider = await start({ gzip: true });
    for (const body of [CHAT, STREAM]) {
      const response = await chat(provider, { 'accept-encoding': 'gzip' }, body);
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect((await response.text()).length).toBeGreaterThan(provider.served.at(-1)?.bytes ?? Number.NaN);
    }
    const plain = await chat(provider, { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
  });
});

const fixtures = fixturesDirectory('recorded responses of the replay provider');

describe.skipIf(fixtures === undefined)('recorded entries', () => {
  it('serves every recorded body byte for byte, with its status and usage', async () => {
    const directory = fixtures ?? '';
    const provider = await start({ recordings: directory });
    const index = asObject(JSON.parse(readFileSync(join(directory, 'INDEX.json'), 'utf8')));
    const entries = asArray(index['entries']).map(asObject);
    expect(entries.length).toBeGreaterThan(100);
    for (const entry of entries) {
      const response = await chat(provider, { 'x-replay-entry': asText(entry['id']) });
      const body = Buffer.from(await response.arrayBuffer());
      const recorded = readFileSync(join(directory, asText(entry['response_file'])));
      expect(body.equals(recorded), asText(entry['id'])).toBe(true);
      expect(response.status).toBe(entry['status']);
      const expected = asObject(entry['expected'])['input_tokens'];
      expect(provider.served.at(-1)?.usage?.inputTokens).toBe(expected);
    }
  });

  it('maps paths to entries, and names the nearest id for a wrong one', async () => {
    const recordedRoutes = { 'openai/v1/chat/completions': 'openai/chat-basic' };
    const provider = await start({ recordings: fixtures ?? '', recordedRoutes });
    await (await chat(provider)).text();
    expect(provider.served.at(-1)?.responseId).toBe('openai/chat-basic');
    const wrong = await chat(provider, { 'x-replay-entry': 'openai/chat-basics' });
    expect([wrong.status, await wrong.json()]).toEqual([
      400,
      { error: { message: 'no recorded entry "openai/chat-basics"', code: 'TESTKIT_ENTRY_UNKNOWN' } },
    ]);
  });
});
