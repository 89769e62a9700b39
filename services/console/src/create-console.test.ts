import { request as httpRequest } from 'node:http';
import { WeirError } from '@weir/kernel';
import { createLogger } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConsole } from './create-console.ts';
import type { Row } from './query/statement.ts';
import { listRow } from './testing/list-row.ts';

const ID = '019a0000-0000-7000-8000-000000000001';

/** Answers by a word of the statement; the real engine is in chdb.test.ts. */
function fakeWarehouse(answers: Readonly<Record<string, () => readonly Row[]>>): Pick<Warehouse, 'query'> {
  return {
    async query(sql, options) {
      expect(options).toMatchObject({ readonly: true, settings: { max_execution_time: 30 } });
      const word = Object.keys(answers).find((candidate) => sql.includes(candidate));
      const rows = word === undefined ? [] : (answers[word]?.() ?? []);
      const body = rows.map((row) => JSON.stringify(row)).join('\n');
      return {
        format: 'JSONEachRow',
        bytes: Buffer.from(body),
        rowsRead: rows.length,
        bytesRead: body.length,
        elapsedMs: 1,
        text: () => body,
        rows: <T>() => rows.map((row) => row as T),
      };
    },
  };
}

describe('console', () => {
  let url = '';
  let stop = async (): Promise<void> => {};
  let answers: Record<string, () => readonly Row[]> = {};
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' });

  beforeEach(async () => {
    answers = {};
    const lookup = new Proxy(answers, {});
    const started = await createConsole(
      { host: '127.0.0.1', port: 0, sqlUrl: 'http://127.0.0.1:8123' },
      { warehouse: fakeWarehouse(lookup), logger },
    );
    url = started.value.url;
    stop = started.stop;
  });
  afterEach(() => stop());

  const getJson = async (
    path: string,
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> => {
    const response = await fetch(url + path);
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
      headers: response.headers,
    };
  };

  it('serves the page with a strict policy, and answers 304 for what did not change', async () => {
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*src=)|\son\w+=|\sstyle=|https?:/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await fetch(url + path)).status, path).toBe(200);
    }
    const etag = page.headers.get('etag') ?? '';
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/app.test.js',
    '/text/money.property.test.js',
    '/tsconfig.json',
  ])('serves nothing but the page: %s', async (path) => {
    const { status, body } = await getJson(path);
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { code: 'CONSOLE_NOT_FOUND' } });
  });

  it('refuses a foreign Host header on a loopback address', async () => {
    const status = await new Promise((resolve) => {
      httpRequest(`${url}/api/about`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  it('says where the SQL interface and the gateway are', async () => {
    expect((await getJson('/api/about')).body).toEqual({
      sql_url: 'http://127.0.0.1:8123',
      gateway_url: 'http://127.0.0.1:8787',
    });
  });

  it.each([
    ['/api/overview?modle=a', 'model'],
    ['/api/series?by=featur', 'feature'],
    ['/api/series?measure=spent', 'spend'],
    ['/api/breakdown?by=request_id%20OR%201', undefined],
    ['/api/breakdown?limit=0', undefined],
    ['/api/requests?before=1', undefined],
    ['/api/requests?limit=1e3', undefined],
    ['/api/requests/live?from=now', undefined],
    ['/api/requests/not-a-uuid', undefined],
  ])('answers 400 to %s', async (path, nearest) => {
    const { status, body } = await getJson(path);
    expect(status).toBe(400);
    const { error } = body as { error: { code: string; details: Record<string, unknown> } };
    expect(error.code).toBe('CONSOLE_PARAMETER');
    expect(error.details['nearest']).toBe(nearest);
    expect(error.details['field']).toEqual(expect.any(String));
  });

  it('answers an empty ledger with a known zero and the SQL it ran', async () => {
    const { status, body, headers } = await getJson('/api/overview?from=now-1h&model=gpt-5');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      totals: { requests: 0, spend_usd: '0', unpriced: 0, latency_ms: { p50: null } },
      sql: expect.stringContaining('FROM weir.requests'),
      params: { model: 'gpt-5' },
    });
  });

  it('keeps an unknown cost unknown, and every digit of a known one (I4, I5)', async () => {
    const known = listRow(ID, { cost_usd: '123456.000000000001' });
    const unknown = listRow('019a0000-0000-7000-8000-000000000002', { cost_usd: null });
    answers['ORDER BY toStartOfMinute'] = () => [known, unknown];
    const { body } = await getJson('/api/requests?limit=2');
    expect(body).toMatchObject({
      rows: [{ cost_usd: '123456.000000000001', ts: '2026-11-24T12:00:00.123Z', duration_ms: 812 }, { cost_usd: null }],
      next: `${Date.UTC(2026, 10, 24, 12, 0, 0, 123)}_019a0000-0000-7000-8000-000000000002`,
    });
  });

  it('answers 404 for a row that is not there', async () => {
    const { status, body } = await getJson(`/api/requests/${ID}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { code: 'CONSOLE_NOT_FOUND', fix: expect.any(String) } });
  });

  it('passes on a failure of the warehouse with its code, and hides what it did not expect', async () => {
    answers['GROUP BY is_current'] = () => {
      throw new WeirError('WAREHOUSE_UNAVAILABLE', 'no answer', { retriable: true });
    };
    const down = await getJson('/api/overview');
    expect(down.status).toBe(503);
    expect(down.headers.get('retry-after')).toBe('2');
    expect(down.body).toMatchObject({ error: { code: 'WAREHOUSE_UNAVAILABLE' } });
    answers['GROUP BY is_current'] = () => {
      throw new Error('secret inside');
    };
    const failed = await getJson('/api/overview');
    expect(failed.status).toBe(500);
    expect(JSON.stringify(failed.body)).not.toContain('secret');
  });

  it('streams new rows as events, and ends the stream on stop', async () => {
    answers['inserted_at >='] = () => [listRow(ID, { prompt_preview: 'line\nbreak' })];
    const response = await fetch(`${url}/api/requests/live?model=gpt-5`);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    let text = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (!text.includes('data:')) text += (await reader?.read())?.value ?? '';
    expect(text).toContain(`id: ${ID}\nevent: request\ndata: {`);
    const data = /data: (.*)\n\n/.exec(text)?.[1] ?? '';
    expect(JSON.parse(data)).toMatchObject({ request_id: ID, prompt_preview: 'line\nbreak', cost_usd: '0.0045' });
    await stop();
    await expect(reader?.read().then((chunk) => chunk.done)).rejects.toThrow();
  });
});
