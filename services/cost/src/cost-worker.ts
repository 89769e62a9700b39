import type { Assignment, EventLog, LogRecord, StoredRecord } from '@weir/event-log';
import { type CostEvent, type Dead, EVENTS, type EventCodec, RESENT_HEADER, type RequestEvent } from '@weir/events';
import { untilAccepted } from '@weir/kernel';
import type { PriceBook } from '@weir/pricing';
import type { Claim } from './claims/claim-book.ts';
import { claimFor, isClaimed, notBooked, ownUsage } from './claims/claimed-usage.ts';
import type { UsageClaims } from './claims/usage-claims.ts';
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
  readonly claims: Pick<UsageClaims, 'settle'>;
  /** Counts what the provider did not. */
  estimate(event: RequestEvent, facts: RequestFacts): Promise<RequestFacts>;
  /** Resolves when the dead letters are durable. */
  bury(dead: readonly Dead[]): Promise<void>;
}

/**
 * Runs one partition of weir.requests until it is revoked: read, settle who books what several answers show, derive, append
 * to the same partition of weir.costs, commit. A crash between append and commit repeats the same cost events; they carry `source_offset`, by which the
 * loader knows them (I3). A record that cannot be handled goes to weir.dead-letters before it is committed past.
 */
export async function runCostWorker(assignment: Assignment, dependencies: CostWorkerDependencies): Promise<void> {
  while (!assignment.signal.aborted) {
    const records = await assignment.read(READ_LIMITS);
    if (records.length === 0) continue;
    const outcome = await deriveBatch(records, dependencies, assignment.signal);
    if (outcome === undefined) return;
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

/** An event whose cost waits for a claim, and its place among the costs. */
interface Waiting {
  readonly place: number;
  readonly record: StoredRecord;
  readonly event: RequestEvent;
  readonly facts: RequestFacts;
  readonly claim: Claim;
}

/** Undefined when the signal aborts first. */
async function deriveBatch(
  records: readonly StoredRecord[],
  dependencies: CostWorkerDependencies,
  signal: AbortSignal,
): Promise<BatchOutcome | undefined> {
  const costs: (LogRecord | undefined)[] = [];
  const dead: Dead[] = [];
  const waiting: Waiting[] = [];
  const bury = (record: StoredRecord, error: unknown): void => {
    dead.push({ record, error, fingerprint: fingerprintOf(record, dependencies) });
  };
  let handled = 0;
  for (const record of records) {
    try {
      const event = dependencies.requests.decodeInPlace(record.value);
      const facts = requestFacts(event);
      const known = needsEstimate(event, facts) ? await dependencies.estimate(event, facts) : facts;
      const claim = isClaimed(known) ? claimFor(event, known) : undefined;
      if (claim?.claim === undefined) {
        if (claim !== undefined) dependencies.metrics.claimed(claim.why);
        costs.push(costRecord(event, record, claim === undefined ? known : notBooked(known, claim.why), dependencies));
      } else waiting.push({ place: costs.push(undefined) - 1, record, event, facts: known, claim: claim.claim });
    } catch (error) {
      bury(record, error);
    }
    handled += 1;
    if (handled % YIELD_EVERY === 0) await new Promise(setImmediate);
  }
  const owners =
    waiting.length === 0
      ? []
      : await dependencies.claims.settle(
          waiting.map(({ claim }) => claim),
          signal,
        );
  if (owners === undefined) return undefined;
  for (const [index, { place, record, event, facts, claim }] of waiting.entries()) {
    try {
      const own = ownUsage(facts, claim, owners[index] ?? []);
      dependencies.metrics.claimed(resultOf(own));
      costs[place] = costRecord(event, record, own, dependencies);
    } catch (error) {
      bury(record, error);
    }
  }
  return { costs: costs.filter((cost) => cost !== undefined), dead };
}

const resultOf = ({ flags }: RequestFacts): string =>
  ['claims_full', 'booked_elsewhere_in_part', 'booked_elsewhere'].find((flag) => flags.includes(flag)) ?? 'own';

function costRecord(
  event: RequestEvent,
  record: StoredRecord,
  facts: RequestFacts,
  { book, costs, metrics }: CostWorkerDependencies,
): LogRecord {
  const cost = deriveCost(event, record, book, facts);
  const value = costs.encode(cost);
  metrics.priced(cost);
  return {
    key: event.request_id,
    value,
    partition: record.partition,
    timestampMs: record.timestampMs,
    ...(record.headers[RESENT_HEADER] === undefined ? {} : { headers: { [RESENT_HEADER]: '1' } }),
  };
}

function fingerprintOf(record: StoredRecord, dependencies: CostWorkerDependencies): string {
  try {
    return dependencies.requests.frameOf(record.value).fingerprint;
  } catch {
    return '';
  }
}
