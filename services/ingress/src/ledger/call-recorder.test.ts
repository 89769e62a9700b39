import { systemClock } from '@weir/kernel';
import { readExchange } from '@weir/providers';
import { openMemoryState } from '@weir/shared-state/drivers/memory';
import { describe, expect, it } from 'vitest';
import { INGRESS_DEFAULTS } from '../config.ts';
import { gatewaySettings } from '../gateways/gateway-settings.ts';
import { createIngressMetrics } from '../ingress-metrics.ts';
import { TestLog, TestTelemetry } from '../testing/test-ingress.ts';
import { BodyCapture } from './body-capture.ts';
import type { Call, CallEnd } from './call-record.ts';
import { CallRecorder } from './call-recorder.ts';
import { CaptureBudget } from './capture-budget.ts';

const TURN = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function scene(): {
  recorder: CallRecorder;
  log: TestLog;
  record: (id: string, bytes?: number) => void;
  released: string[];
} {
  const log = new TestLog();
  const { logger, metrics } = new TestTelemetry();
  const recorder = new CallRecorder(
    INGRESS_DEFAULTS,
    {
      appender: log,
      logger,
      metrics,
      metricsText: () => Promise.resolve(''),
      readExchange,
      version: 'test',
      clock: systemClock,
      uuid: () => '',
      state: openMemoryState({ clock: systemClock }),
      random: () => 0.5,
    },
    createIngressMetrics(metrics),
  );
  const released: string[] = [];
  const record = (id: string, bytes = 10): void =>
    recorder.record(call(id), end(bytes), (durable) => released.push(`${id} ${durable ? 'durable' : 'cut'}`));
  return { recorder, log, record, released };
}

function call(id: string): Call {
  const target = {
    account: 'default',
    gateway: 'default',
    provider: 'openai',
    origin: 'https://o',
    host: 'o',
    region: '',
  };
  return {
    id,
    parentId: id,
    attempt: 1,
    step: 0,
    eventId: id,
    acceptedAt: 1,
    target: {
      ...target,
      settings: gatewaySettings('default', {}),
      path: '/',
      credentialHeaders: [],
      ownHeaders: undefined,
    },
    metadata: {
      ...{
        env: '',
        feature: '',
        userId: '',
        sessionId: '',
        traceId: '',
        parentSpanId: '',
        eventId: '',
        tags: {},
        warning: '',
      },
      said: { userId: '', sessionId: '', tags: {} },
      ...{ collectLog: true, collectPayload: true, customCost: '' },
    },
    collectPayload: true,
    apiKeyId: '',
    tokenId: '',
    method: 'POST',
    userAgent: '',
    requestContentType: '',
    requestEncoding: '',
  };
}

function end(bytes: number): CallEnd {
  const capture = new BodyCapture({ headBytes: 1e6, tailBytes: 10 }, new CaptureBudget(1e9));
  capture.push(Buffer.alloc(bytes, 'x'));
  const body = capture.finish();
  return {
    ...{ status: 200, head: undefined, outcome: 'ok', errorCode: '', complete: true, clientGone: false },
    ...{ cacheStatus: 'none', durationUs: 1, ttfbUs: 1, overheadUs: 1, request: body, response: body },
  };
}

describe('I3 attempts that end in one turn of the event loop', () => {
  it('are one append, in order, and no answer is released before it', async () => {
    const { log, record, released } = scene();
    for (const id of ['a', 'b', 'c']) record(id);
    expect([log.batches, released]).toEqual([[], []]);
    await TURN();
    expect(log.batches).toEqual([3]);
    expect(released).toEqual(['a durable', 'b durable', 'c durable']);
    expect(log.events().map((event) => event.request_id)).toEqual(['a', 'b', 'c']);
    record('d');
    await TURN();
    expect([log.batches, released.at(-1)]).toEqual([[3, 1], 'd durable']);
  });

  it('are written in several appends when they are many or large, none lost, in order', async () => {
    const { log, record, released } = scene();
    const ids = Array.from({ length: 300 }, (_, index) => `small-${index}`);
    for (const id of ids) record(id);
    record('large', 200_000);
    record('after', 60_000);
    await TURN();
    expect(log.events().map((event) => event.request_id)).toEqual([...ids, 'large', 'after']);
    expect(log.events().at(-2)?.response_head.length).toBe(200_000);
    expect(Math.max(...log.batches)).toBeLessThanOrEqual(128);
    expect(new Set(released)).toEqual(new Set([...ids, 'large', 'after'].map((id) => `${id} durable`)));
  });

  it('are tried one by one when the log refuses them together: each is written as whole as it can be', async () => {
    const { log, record, released } = scene();
    log.recordBytesMax = 3_000;
    record('whole');
    record('lean', 4_000);
    await TURN();
    expect(log.events().map(({ request_id, payload }) => [request_id, payload])).toEqual([
      ['whole', 'full'],
      ['lean', 'dropped'],
    ]);
    expect(released).toEqual(['whole durable', 'lean durable']);
  });

  it('are written before a stop returns, and an event that comes after it at once', async () => {
    const { recorder, log, record, released } = scene();
    record('a');
    await recorder.stop(0);
    expect([log.batches, released]).toEqual([[1], ['a durable']]);
    record('late');
    expect([log.batches, released.at(-1)]).toEqual([[1, 1], 'late durable']);
  });
});
