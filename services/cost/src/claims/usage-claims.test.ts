import { type MemoryLog, MemoryStorage, openMemoryLog } from '@weir/event-log/drivers/memory';
import { type CostEvent, createCodec, EVENTS, type RequestEvent } from '@weir/events';
import { picoToText } from '@weir/kernel';
import { embeddedPriceBook } from '@weir/pricing';
import { createLogger, createMetrics } from '@weir/telemetry';
import { waitFor } from '@weir/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COST_GROUP, startCost } from '../service.ts';
import { batchResults, retrieval, storedResponse } from '../testing/retrievals.ts';
import { ClaimBook } from './claim-book.ts';
import { CLAIMS_TOPIC } from './claim-record.ts';

const PARTITIONS = 3;
const FILE = '/v1/files/file-1/content';
const requests = createCodec('request');
const costs = createCodec('cost');

/** The cost service on a log of its own; processes come and go. */
class Installation {
  readonly storage = new MemoryStorage();
  readonly outside = openMemoryLog({ storage: this.storage, leaseMs: 200 });
  readonly #running: { readonly log: MemoryLog; readonly service: Awaited<ReturnType<typeof startCost>> }[] = [];

  async prepare(): Promise<void> {
    const names = [EVENTS.request.topic, EVENTS.cost.topic, EVENTS['dead-letter'].topic];
    await this.outside.ensureTopics(names.map((name) => ({ name, partitions: PARTITIONS })));
    await this.outside.ensureTopics([{ name: CLAIMS_TOPIC, partitions: 1 }]);
  }

  async start(): Promise<void> {
    const log = openMemoryLog({ storage: this.storage, leaseMs: 200 });
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' });
    const book = embeddedPriceBook();
    const service = await startCost({
      log,
      book,
      logger,
      metrics: createMetrics(),
      version: '0',
      estimateUsage: false,
    });
    this.#running.push({ log, service });
  }

  /** As `kill -9`: nothing is finished, nothing released. */
  async killOne(): Promise<void> {
    const killed = this.#running.shift();
    killed?.log.abandon();
    await killed?.service.stop().catch(() => undefined);
  }

  async write(events: readonly RequestEvent[], partition?: number): Promise<void> {
    const records = events.map((event, index) => ({
      key: event.request_id,
      value: requests.encode(event),
      partition: partition ?? index % PARTITIONS,
    }));
    await this.outside.append(EVENTS.request.topic, records);
  }

  async settled(): Promise<CostEvent[]> {
    const behind = async (): Promise<boolean> =>
      (await this.outside.lag(COST_GROUP, EVENTS.request.topic)).every(({ lag }) => lag === 0);
    await waitFor(behind, { what: 'the cost service to reach the end', timeoutMs: 60_000, intervalMs: 5 });
    const found: CostEvent[] = [];
    const expected = (await this.outside.describe()).find(({ name }) => name === EVENTS.cost.topic)?.records ?? 0;
    if (expected === 0) return [];
    const stop = new AbortController();
    for await (const record of this.outside.tail(EVENTS.cost.topic, { from: 'earliest', signal: stop.signal })) {
      found.push(costs.decode(record.value));
      if (found.length >= expected) break;
    }
    stop.abort();
    return found;
  }

  async close(): Promise<void> {
    for (const { service, log } of this.#running) {
      await service.stop();
      await log.close();
    }
    await this.outside.close();
  }
}

async function costsOf(...batches: readonly (readonly RequestEvent[])[]): Promise<CostEvent[]> {
  const installation = new Installation();
  await installation.prepare();
  await installation.start();
  let found: CostEvent[] = [];
  for (const events of batches) {
    await installation.write(events);
    found = await installation.settled();
  }
  await installation.close();
  const byRequest = new Map(found.map((cost) => [cost.request_id, cost]));
  return batches.flat().map(({ request_id }) => byRequest.get(request_id) as CostEvent);
}

const told = ({ cost_usd, cost_source, unpriced_reason, input_tokens }: CostEvent) =>
  `${cost_usd === null ? 'null' : picoToText(cost_usd)} ${cost_source} ${input_tokens} ${unpriced_reason}`.trim();

describe('I3 I5 usage that several answers show', () => {
  it('the results of a batch are booked by who fetches them first, at the price of a batch; fetched again they are free', async () => {
    const results = batchResults(['a', 'b', 'c']);
    const [first, second] = await costsOf([retrieval(FILE, results)], [retrieval(FILE, results)]);
    // gpt-4o-mini as a batch: 0.075 and 0.3 USD a million.
    expect(told(first as CostEvent)).toBe('0.000315 computed 3000');
    expect(first).toMatchObject({ response_model: 'gpt-4o-mini-2024-07-18', service_tier: 'batch', usage_flags: [] });
    expect(told(second as CostEvent)).toBe('0 none 0');
    expect(second?.usage_flags).toEqual(expect.arrayContaining(['repeated_usage', 'booked_elsewhere']));
  });

  it('a file that shares results with one before books the others, and a result that stands twice once', async () => {
    const [, second] = await costsOf(
      [retrieval(FILE, batchResults(['a', 'b']))],
      [retrieval('/v1/files/file-2/content', batchResults(['b', 'c', 'c']))],
    );
    expect(told(second as CostEvent)).toBe('0.000105 computed 1000');
    expect(JSON.parse(second?.usage_raw ?? '')).toHaveLength(1);
    expect(second?.usage_flags).toContain('booked_elsewhere_in_part');
  });

  it('what cannot be told apart from what was booked before stays unknown, with its reason', async () => {
    const old = Date.UTC(2026, 9, 1) / 1_000;
    const whole = retrieval(FILE, batchResults(['a']));
    const cut = { response_head: whole.response_head.subarray(0, 100), response_bytes: whole.response_bytes };
    const found = await costsOf([
      retrieval(FILE, batchResults(['x'], old)),
      retrieval(FILE, batchResults(['y'], 0)),
      { ...whole, ...cut, response_tail: whole.response_head.subarray(120) },
      retrieval(FILE, batchResults(['z']), { status: 206 }),
    ]);
    expect(found.map(told)).toEqual([
      'null unpriced 0 result_too_old',
      'null unpriced 0 result_without_time',
      'null unpriced 0 results_cut',
      'null unpriced 0 results_cut',
    ]);
  });

  it('an answer that was made in the background is booked by the first retrieval that shows its usage', async () => {
    const path = '/v1/responses/resp_1';
    const queued = storedResponse('resp_1', { background: true, status: 'queued', usage: null });
    const done = storedResponse('resp_1', { background: true });
    const found = await costsOf(
      [retrieval('/v1/responses', queued, { method: 'POST' })],
      [retrieval(path, queued)],
      [retrieval(path, done)],
      [retrieval(path, done)],
      [retrieval('/v1/responses/resp_2', storedResponse('resp_2', { background: false }))],
    );
    expect(found.map(told)).toEqual([
      'null unpriced 0 answered_later',
      '0 none 0',
      '0.00021 computed 1000',
      '0 none 0',
      // The call that made it had its usage in the answer.
      '0 none 0',
    ]);
  });

  it('each result is booked by one row, however often it is fetched, wherever processes die, and the same again in a replay', async () => {
    const fetched = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
    const steps = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ fetch: fc.array(fetched, { minLength: 1, maxLength: 3 }) }) },
        { weight: 2, arbitrary: fc.constant('kill' as const) },
        { weight: 1, arbitrary: fc.constant('start' as const) },
        { weight: 1, arbitrary: fc.constant('again' as const) },
      ),
      { minLength: 2, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const installation = new Installation();
        await installation.prepare();
        await installation.start();
        const written: RequestEvent[] = [];
        const shown = new Set<number>();
        for (const step of plan) {
          if (step === 'kill') {
            await installation.killOne();
            await installation.start();
          } else if (step === 'start') await installation.start();
          else if (step === 'again') await installation.write(written.slice(-3), 1);
          else {
            const events = step.fetch.map((ids) => retrieval(FILE, batchResults(ids.map((id) => `id-${id}`))));
            for (const id of step.fetch.flat()) shown.add(id);
            written.push(...events);
            await installation.write(events);
          }
        }
        const found = await installation.settled();
        await installation.close();
        const booked = new Map<string, Set<number>>();
        for (const { request_id, input_tokens } of found) {
          booked.set(request_id, (booked.get(request_id) ?? new Set()).add(input_tokens));
        }
        // Whoever repeats an event repeats its booking, and all bookings together are each result once.
        expect([...booked.values()].every((counts) => counts.size === 1)).toBe(true);
        expect([...booked.values()].reduce((sum, [count = 0]) => sum + count, 0)).toBe(shown.size * 1_000);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

describe('I7 the book of claims', () => {
  it('refuses a claim that does not fit as a whole, and forgets what is past its horizon', () => {
    const book = new ClaimBook({ digests: 3, horizonMs: 1_000 });
    book.apply({ owner: 'one', digests: ['a', 'b'] }, 0);
    book.apply({ owner: 'two', digests: ['b', 'c', 'd'] }, 10);
    expect(['a', 'b', 'c', 'd'].map((digest) => book.ownerOf(digest))).toEqual(['one', 'one', undefined, undefined]);
    book.apply({ owner: 'three', digests: ['b', 'c'] }, 20);
    expect([book.ownerOf('b'), book.ownerOf('c')]).toEqual(['one', 'three']);
    book.apply({ owner: 'four', digests: ['a', 'e'] }, 1_001);
    expect(['a', 'b', 'c', 'e'].map((digest) => book.ownerOf(digest))).toEqual(['four', undefined, 'three', 'four']);
    expect(book.size).toBe(3);
  });
});
