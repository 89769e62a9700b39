import type { Assignment, EventLog, LogRecord, StoredRecord } from '@weir/event-log';
import { type CostEvent, type Dead, EVENTS, type EventCodec, RESENT_HEADER, type RequestEvent } from '@weir/events';
import { untilAccepted } from '@weir/kernel';
import type { PriceBook } from '@weir/pricing';
import type { CostMetrics } from './cost-metrics.ts';
import { deriveCost } from './derive-cost.ts';
import { needsEstimate } from './estimate/estimate-usage.ts';
import { type RequestFacts, requestFacts } from './request-facts.ts';

const READ_LIMITS = { maxRecords: 1_000, maxBytes: 16 * 1024 * 1024, waitMs: 1_000 };
/** So that one slow batch does not keep the process from its other work. */
const YIELD_EVERY = 64;

export interface CostWorkerDependencies {
  readonly log: EventLog;
  readonly book: PriceBook;
  readonly requests: EventCodec<RequestEvent>;
  readonly costs: EventCodec<CostEvent>;
  readonly metrics: CostMetrics;
  /** Counts what the provider did not. */
  estimate(event: RequestEvent, facts: RequestFacts): Promise<RequestFacts>;
  /** Resolves when the dead letters are durable. */
  bury(dead: readonly Dead[]): Promise<void>;
}

/**
 * Runs one partition of weir.requests until it is revoked: read, derive, append to the same partition of weir.costs,
 * commit. A crash between append and commit repeats the same cost events; they carry `source_offset`, by which the
 * loader knows them (I3). A record that cannot be handled goes to weir.dead-letters before it is committed past.
 */
export async function runCostWorker(assignment: Assignment, dependencies: CostWorkerDependencies): Promise<void> {
  while (!assignment.signal.aborted) {
    const records = await assignment.read(READ_LIMITS);
    if (records.length === 0) continue;
    const outcome = await deriveBatch(records, dependencies);
    await untilAccepted(() => dependencies.bury(outcome.dead), assignment.signal);
    await untilAccepted(() => dependencies.log.append(EVENTS.cost.topic, outcome.costs), assignment.signal);
    if (assignment.signal.aborted) return;
    const last = records[records.length - 1];
    if (last !== undefined) await assignment.commit(last.offset + 1);
  }
}

interface BatchOutcome {
  readonly costs: LogRecord[];
  readonly dead: Dead[];
}

async function deriveBatch(records: readonly StoredRecord[], dependencies: CostWorkerDependencies) {
  const outcome: BatchOutcome = { costs: [], dead: [] };
  let handled = 0;
  for (const record of records) {
    try {
      const event = dependencies.requests.decodeInPlace(record.value);
      const facts = requestFacts(event);
      const known = needsEstimate(event, facts) ? await dependencies.estimate(event, facts) : facts;
      const cost = deriveCost(event, record, dependencies.book, known);
      const value = dependencies.costs.encode(cost);
      outcome.costs.push({
        key: event.request_id,
        value,
        partition: record.partition,
        timestampMs: record.timestampMs,
        ...(record.headers[RESENT_HEADER] === undefined ? {} : { headers: { [RESENT_HEADER]: '1' } }),
      });
      dependencies.metrics.priced(cost);
    } catch (error) {
      outcome.dead.push({ record, error, fingerprint: fingerprintOf(record, dependencies) });
    }
    handled += 1;
    if (handled % YIELD_EVERY === 0) await new Promise(setImmediate);
  }
  return outcome;
}

function fingerprintOf(record: StoredRecord, dependencies: CostWorkerDependencies): string {
  try {
    return dependencies.requests.frameOf(record.value).fingerprint;
  } catch {
    return '';
  }
}
