import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { MemoryStorage, openMemoryLog } from '@weir/event-log/drivers/memory';
import { type CostEvent, createCodec, EVENTS } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { createLogger, createMetrics } from '@weir/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { startTracer } from './service.ts';
import { type OtlpSpan, spanOf } from './span-of.ts';

const stops: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const idOf = (index: number): string => `01990000-0000-7000-8000-${String(index).padStart(12, '0')}`;
const costOf = (index: number, more: Partial<CostEvent> = {}): CostEvent => ({
  ...GOLDEN_EVENTS.cost,
  request_id: idOf(index),
  parent_id: idOf(index),
  revision: 1,
  ...more,
});

async function startCollector() {
  const spans: OtlpSpan[] = [];
  const collector = { url: '', status: 200, spans, headers: {} as IncomingHttpHeaders, calls: 0 };
  const server = createServer(async (request, response) => {
    // As of its arrival: what a tracer gave up in the middle is not taken later.
    const { status } = collector;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    collector.calls += 1;
    collector.headers = request.headers;
    if (status === 200) {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[];
      };
      spans.push(...(body.resourceSpans[0]?.scopeSpans[0]?.spans ?? []));
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return collector;
}

async function scene() {
  const collector = await startCollector();
  const storage = new MemoryStorage();
  const log = openMemoryLog({ storage, leaseMs: 30_000 });
  await log.ensureTopics([{ name: EVENTS.cost.topic, partitions: 1 }]);
  let logged = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const start = async () => {
    const tracer = await startTracer(
      {
        ...{ url: collector.url, headers: { authorization: 'Bearer s3cret' }, serviceName: 'weir', timeoutMs: 5_000 },
        ...{ batchSpans: 10, retry: { baseMs: 1, capMs: 10 } },
      },
      {
        log,
        logger: createLogger({ name: 'test', level: 'trace', format: 'json', destination }),
        metrics: createMetrics(),
        version: '0.0.0-test',
      },
    );
    return tracer;
  };
  stops.push(() => log.close());
  const codec = createCodec('cost');
  const append = (events: readonly CostEvent[]) =>
    log.append(
      EVENTS.cost.topic,
      events.map((event) => ({ key: event.request_id, value: Buffer.from(codec.encode(event)) })),
    );
  return { collector, start, append, logged: () => logged };
}

describe('the tracer', () => {
  it('sends a span for every attempt, through a collector that is away and a restart; what comes twice has the same id', async () => {
    const { collector, start, append, logged } = await scene();
    collector.status = 503;
    await append(Array.from({ length: 25 }, (_, index) => costOf(index)));
    const first = await start();
    await expect.poll(() => collector.calls).toBeGreaterThan(1);
    await first.stop();
    collector.status = 200;
    const second = await start();
    // A call that was given up in the middle may have been taken all the same.
    const ids = () => new Set(collector.spans.map(({ spanId }) => spanId)).size;
    await expect.poll(ids).toBe(25);
    await append([costOf(25), costOf(26, { revision: 2 }), costOf(27)]);
    await expect.poll(ids).toBe(27);
    await second.stop();
    expect(ids()).toBe(27);
    expect(collector.spans.length).toBeLessThanOrEqual(27 + 10);
    expect(collector.headers.authorization).toBe('Bearer s3cret');
    expect(logged()).toContain('they wait in the log');
    // I8
    expect(logged()).not.toMatch(/s3cret|127\.0\.0\.1/);
  });

  it('leaves out what the collector refuses, says so, and goes on', async () => {
    const { collector, start, append, logged } = await scene();
    collector.status = 400;
    await append([costOf(1)]);
    const tracer = await start();
    await expect.poll(() => logged()).toContain('refuses spans');
    collector.status = 200;
    await append([costOf(2)]);
    await expect.poll(() => collector.spans.length).toBe(1);
    await tracer.stop();
  });
});

describe('spanOf', () => {
  it('has the GenAI attributes, the exact cost as text, and ids of the row', () => {
    const event = costOf(7, {
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      parent_span_id: 'b7ad6b7169203331',
      cost_usd: 1_234_567n,
      token_id: 'team-a',
      tags: { plan: 'pro' },
    });
    const span = spanOf(event);
    const value = (key: string): unknown =>
      Object.values(span.attributes.find((found) => found.key === key)?.value ?? {})[0];
    expect(span).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: '8000000000000007',
      parentSpanId: 'b7ad6b7169203331',
      kind: 3,
      startTimeUnixNano: `${event.ts}000000`,
    });
    expect(value('gen_ai.request.model')).toBe(event.request_model);
    expect(value('gen_ai.usage.input_tokens')).toBe(String(event.input_tokens));
    expect(value('weir.cost_usd')).toBe('0.000001234567');
    expect(value('weir.token_id')).toBe('team-a');
    expect(value('weir.tags.plan')).toBe('pro');
    expect(value('http.response.status_code')).toBe(String(event.status));
  });

  it('I5 an unknown cost is no attribute, not 0; a failure is an error', () => {
    const span = spanOf(
      costOf(8, {
        trace_id: '',
        parent_span_id: '',
        cost_usd: null,
        outcome: 'provider_error',
        error_type: 'overloaded',
      }),
    );
    expect(span.attributes.some(({ key }) => key.includes('cost_usd') || key === 'gen_ai.usage.cost')).toBe(false);
    expect(span).not.toHaveProperty('parentSpanId');
    expect(span.traceId).toBe(idOf(8).replaceAll('-', ''));
    expect(span.status).toEqual({ code: 2, message: 'overloaded' });
  });
});
