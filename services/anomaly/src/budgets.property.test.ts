import type { EventLog, LogRecord } from '@weir/event-log';
import { type MemoryLog, MemoryStorage, openMemoryLog } from '@weir/event-log/drivers/memory';
import { createCodec, EVENTS } from '@weir/events';
import { type Started, sleep } from '@weir/kernel';
import { createLogger, createMetrics } from '@weir/telemetry';
import { waitFor } from '@weir/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetAlertId } from './budgets/budget-events.ts';
import { ANOMALY_GROUPS, BUDGET_LOG_TOPIC, startAnomaly } from './index.ts';
import { costRecord, requestIdOf } from './testing/cost-writer.ts';
import { crashingLog } from './testing/crashing-log.ts';
import { readTopic } from './testing/read-topic.ts';

const HOUR = 3_600_000;
const FIRST_HOUR = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR;
const PARTITIONS = 3;
const LEASE_MS = 30;

const common = { scope: {}, per: [], max_scopes: 50, period: 'hour', time_zone: 'UTC', enforcement: 'soft' } as const;
const LIMIT = { all: 60n, users: 12n };
const THRESHOLDS = [0.5, 0.8, 1];
const BUDGETS = {
  all: { ...common, limit_usd: '0.00000000006', limit_tokens: 0, limit_requests: 0, thresholds: THRESHOLDS },
  users: {
    ...common,
    per: ['user_id'],
    limit_usd: '0.000000000012',
    limit_tokens: 0,
    limit_requests: 0,
    thresholds: THRESHOLDS,
  },
};

/** What happens, in order: events (some written again), processes that start, stop, or die at their next effects. */
const happening = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('events' as const),
      partition: fc.nat(PARTITIONS - 1),
      events: fc.array(
        fc.record({ user: fc.nat(2), hour: fc.nat(1), cost: fc.option(fc.integer({ min: 0, max: 5 }), { freq: 8 }) }),
        { minLength: 1, maxLength: 12 },
      ),
      /** The cost service died before its commit: its newest events come again before the new ones. */
      repeat: fc.nat(5),
      /** The ingress sent one of its earlier events again, and the cost service took it for a new one. */
      resend: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), fuse: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 1, max: 15 }) }) },
);

interface Counted {
  readonly user: number;
  readonly hour: number;
  readonly cost: number | null;
}

/** Every process of the installation on one shared log. */
class Installation {
  readonly storage = new MemoryStorage();
  readonly outside: MemoryLog;
  readonly written: Counted[] = [];
  readonly #next = new Array<number>(PARTITIONS).fill(0);
  readonly #records: LogRecord[][] = Array.from({ length: PARTITIONS }, () => []);
  #running: { readonly log: EventLog; readonly service: Started<unknown> }[] = [];

  constructor() {
    this.outside = openMemoryLog({ storage: this.storage, leaseMs: LEASE_MS });
  }

  async prepare(): Promise<void> {
    const names = [EVENTS.cost.topic, EVENTS['cost-anomaly'].topic, EVENTS['dead-letter'].topic];
    await this.outside.ensureTopics(names.map((name) => ({ name, partitions: PARTITIONS })));
    const single = [EVENTS['budget-state'].topic, BUDGET_LOG_TOPIC];
    await this.outside.ensureTopics(single.map((name) => ({ name, partitions: 1 })));
  }

  async write(partition: number, events: readonly Counted[], repeat: number, resend: boolean): Promise<void> {
    const records = this.#records[partition] ?? [];
    const batch = records.slice(-repeat || records.length);
    for (const event of events) {
      this.written.push(event);
      records.push(this.#record(partition, event));
    }
    batch.push(...records.slice(-events.length));
    if (resend) {
      const original = records[0];
      const offset = this.#next[partition] ?? 0;
      this.#next[partition] = offset + 1;
      const facts = { ts: FIRST_HOUR, source_offset: offset, cost_usd: 5n, user_id: 'u0' };
      const again = { ...facts, request_id: original?.key ?? requestIdOf(partition, 0) };
      batch.push(costRecord(partition, again, { 'weir-resent': '1' }));
    }
    await this.outside.append(EVENTS.cost.topic, batch);
  }

  async start(fuse: number): Promise<void> {
    const log = crashingLog(openMemoryLog({ storage: this.storage, leaseMs: LEASE_MS }), fuse);
    try {
      const service = await startAnomaly(
        { budgets: BUDGETS, webhooks: {}, limits: { publishMs: 12, snapshotMs: 4 } },
        {
          log,
          logger: createLogger({ name: 'test', level: 'silent', format: 'json' }),
          metrics: createMetrics(),
          version: '0.0.0',
        },
      );
      this.#running.push({ log, service });
    } catch (error) {
      if (!log.crashed()) throw error;
    }
  }

  async stopOne(): Promise<void> {
    await this.#running.shift()?.service.stop();
  }

  async stopAll(): Promise<void> {
    for (const { service, log } of this.#running) {
      await service.stop();
      await log.close();
    }
    await this.outside.close();
  }

  #record(partition: number, { user, hour, cost }: Counted): LogRecord {
    const offset = this.#next[partition] ?? 0;
    this.#next[partition] = offset + 1;
    const cost_usd = cost === null ? null : BigInt(cost);
    return costRecord(partition, {
      ts: FIRST_HOUR + hour * HOUR + (offset % 1_000),
      source_offset: offset,
      cost_usd,
      user_id: `u${user}`,
      total_tokens: 7,
    });
  }
}

type Sum = { spent: bigint; requests: number; unpriced: number };

/** What every budget must hold in the end: a plain sum over the distinct events. */
function reference(written: readonly Counted[]): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { user, hour, cost } of written) {
    for (const scope of ['all', `users|user_id=u${user}`]) {
      const key = `${scope} ${FIRST_HOUR + hour * HOUR}`;
      const sum = sums.get(key) ?? { spent: 0n, requests: 0, unpriced: 0 };
      sums.set(key, sum);
      sum.requests += 1;
      sum.spent += BigInt(cost ?? 0);
      sum.unpriced += cost === null ? 1 : 0;
    }
  }
  return sums;
}

function expectedAlerts(sums: ReadonlyMap<string, Sum>): Set<string> {
  const ids = new Set<string>();
  for (const [key, { spent }] of sums) {
    const [scope = '', start = ''] = key.split(' ');
    const id = scope === 'all' ? 'all' : 'users';
    for (const share of THRESHOLDS) {
      if (spent * 10n >= LIMIT[id] * BigInt(share * 10)) ids.add(budgetAlertId(id, scope, Number(start), share));
    }
  }
  return ids;
}

/** Newest state of each scope and period; one version has one content. */
async function publishedStates(log: EventLog): Promise<Map<string, Sum>> {
  const codec = createCodec('budget-state');
  const newest = new Map<string, { readonly version: number; readonly sum: Sum }>();
  const contents = new Map<string, string>();
  for (const record of await readTopic(log, EVENTS['budget-state'].topic)) {
    const state = codec.decode(record.value);
    const key = `${state.scope_key} ${state.period_start}`;
    const content = Buffer.from(record.value).toString('hex');
    expect(contents.get(`${key} ${state.version}`) ?? content).toBe(content);
    contents.set(`${key} ${state.version}`, content);
    if ((newest.get(key)?.version ?? -1) > state.version) continue;
    const { spent_usd: spent, requests, unpriced } = state;
    newest.set(key, { version: state.version, sum: { spent, requests, unpriced } });
  }
  return new Map([...newest].map(([key, { sum }]) => [key, sum]));
}

describe('I3 I4 budgets', { timeout: 120_000 }, () => {
  it('wherever processes die and however partitions move: sums are exact, each threshold fires under one id', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 4, maxLength: 24 }), async (story) => {
        const world = new Installation();
        await world.prepare();
        await world.start(Number.POSITIVE_INFINITY);
        for (const part of story) {
          if (part.kind === 'events') await world.write(part.partition, part.events, part.repeat, part.resend);
          if (part.kind === 'crash') await world.start(part.fuse);
          if (part.kind === 'start') await world.start(Number.POSITIVE_INFINITY);
          if (part.kind === 'stop') await world.stopOne();
          if (part.kind === 'pause') await sleep(part.ms);
        }
        await world.start(Number.POSITIVE_INFINITY);
        const expected = reference(world.written);
        await waitFor(
          async () => {
            const lag = await world.outside.lag(ANOMALY_GROUPS.spend, EVENTS.cost.topic);
            expect(lag.every((partition) => partition.lag === 0)).toBe(true);
            expect(await publishedStates(world.outside)).toEqual(expected);
            return true;
          },
          { what: 'the states of all budgets', timeoutMs: 5_000, intervalMs: 10 },
        );
        const codec = createCodec('cost-anomaly');
        const contents = new Map<string, string>();
        const opened = new Set<string>();
        for (const record of await readTopic(world.outside, EVENTS['cost-anomaly'].topic)) {
          const event = codec.decode(record.value);
          const key = `${event.anomaly_id} ${event.version}`;
          const content = Buffer.from(record.value).toString('hex');
          expect(contents.get(key) ?? content).toBe(content);
          contents.set(key, content);
          if (event.status === 'open') opened.add(event.anomaly_id);
        }
        expect(opened).toEqual(expectedAlerts(expected));
        await world.stopAll();
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
