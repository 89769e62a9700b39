import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixturesDirectory } from '@weir/testkit';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../main.ts');
const fixtures = fixturesDirectory('weir usage on every recorded body');
const directory = mkdtempSync(join(tmpdir(), 'weir-usage-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Json = Readonly<Record<string, unknown>>;

function usage(...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'usage', ...parameters], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const ANSWER = {
  id: 'msg_1',
  type: 'message',
  model: 'claude-sonnet-4-6',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 0, output_tokens: 5 },
};

describe('weir usage', () => {
  it('prints the normal form of one exchange', () => {
    const request = file('request.json', { model: 'claude-sonnet-4-6', messages: [] });
    const parameters = ['--endpoint', '/v1/messages', '--request', request, '--response', file('answer.json', ANSWER)];
    const { status, stdout } = usage('--provider', 'anthropic', ...parameters);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      provider: 'anthropic',
      request_model: 'claude-sonnet-4-6',
      response_model: 'claude-sonnet-4-6',
      usage_source: 'reported',
      usage: {
        input_tokens: 110,
        cache_read_tokens: 100,
        output_tokens: 5,
        classes: { input: 10, cache_read: 100, output: 5 },
      },
      usage_raw: JSON.stringify(ANSWER.usage),
    });
  });

  it('reads streams, and tells the provider by the host', () => {
    const chunk = {
      id: 'c',
      model: 'gpt-4o',
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
    };
    const response = file('stream.sse', `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
    const { stdout } = usage(
      '--endpoint',
      'POST https://api.openai.com/v1/chat/completions',
      '--stream',
      '--response',
      response,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      provider: 'openai',
      stream: true,
      usage: { input_tokens: 7, output_tokens: 2 },
    });
  });

  it('I4 keeps the digits of money, whatever they are', () => {
    const told = '{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":0.12345678901234567890}';
    file('cost.json', `{"id":"g","model":"m","choices":[],"usage":${told}}`);
    const index = file('INDEX.json', [
      { id: 'one', provider: 'openrouter', endpoint: '/api/v1/chat/completions', response_file: 'cost.json' },
    ]);
    expect(usage('--batch', index).stdout).toContain('"cost":0.12345678901234567890');
  });

  it('names the entry that it cannot read, and goes on', () => {
    const good = { id: 'good', provider: 'anthropic', endpoint: '/v1/messages', response_file: 'answer.json' };
    const index = file('INDEX.json', { entries: [{ id: 'lost', response_file: 'lost.json' }, good] });
    const { status, stdout, stderr } = usage('--batch', index);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Json),
    ).toMatchObject([{ id: 'good', usage: { total_tokens: 115 } }]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('lost')]);
  });

  it('asks for what it needs', () => {
    expect(usage().stderr).toContain('--response');
    expect(usage('--response', 'x', '--status', 'fine').stderr).toContain('--status');
  });
});

describe.skipIf(fixtures === undefined)('weir usage on the recorded bodies', () => {
  const index = join(fixtures ?? '', 'INDEX.json');
  const entries =
    fixtures === undefined
      ? []
      : (JSON.parse(readFileSync(index, 'utf8')) as { entries: { id: string; expected: Json | null }[] }).entries;

  it('I5 every count and every cost is the expected one', () => {
    const { status, stdout } = usage('--batch', index);
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; usage: Json | null });
    expect(answers.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
    expect(entries.length).toBeGreaterThan(200);
    expect(status).toBe(0);
    const wrong = entries.flatMap(({ id, expected }, position) => {
      const found = answers[position]?.usage ?? null;
      return expected === null || found === null
        ? expected === found
          ? []
          : [`${id}: ${JSON.stringify(found)}`]
        : differences(id, expected, found);
    });
    expect(wrong).toEqual([]);
  });
});

/** Remarks of the list that no body tells. */
const REMARKS = new Set(['billing_rule', 'rule']);

function differences(id: string, expected: Json, found: Json): string[] {
  const { extras, ...counts } = expected;
  const own = (found['extras'] ?? {}) as Json;
  const wrong = Object.keys(counts).filter((name) => found[name] !== counts[name]);
  const told = Object.entries((extras ?? {}) as Json).filter(
    ([name, value]) => !REMARKS.has(name) && !matches(value, own[name]),
  );
  return [...wrong, ...told.map(([name]) => name)].map((name) => `${id}: ${name}`);
}

/** Whether everything stated is there; parts that are not billed are not listed, and a part's name may be known to us only. */
function matches(stated: unknown, found: unknown): boolean {
  if (Array.isArray(stated)) {
    const billed = stated.filter((item) => (item as Json)['billed'] !== false);
    return (
      Array.isArray(found) && found.length === billed.length && billed.every((item, at) => matches(item, found[at]))
    );
  }
  if (typeof stated !== 'object' || stated === null) return stated === found;
  return Object.entries(stated).every(
    ([name, value]) =>
      (name === 'type' && typeof (stated as Json)['billed'] === 'boolean') ||
      (name === 'model' && value === null) ||
      matches(value, ((found ?? {}) as Json)[name]),
  );
}
