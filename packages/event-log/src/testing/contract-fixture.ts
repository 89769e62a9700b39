import { randomUUID } from 'node:crypto';
import { describe, vi } from 'vitest';
import type { Assignment, EventLog, LogRecord, StoredRecord, Subscription, TopicSpec } from '../event-log.ts';
import type { ContractCapabilities, ContractHarness } from './contract-driver.ts';

export const LIMITS = { maxRecords: 100, maxBytes: 1_000_000, waitMs: 200 } as const;

/** What the parts of the contract work with. */
export interface ContractFixture {
  readonly capabilities: ContractCapabilities;
  /** The harness, once the suite runs. */
  readonly harness: () => ContractHarness;
  readonly log: () => EventLog;
  /** Creates a topic of its own for a test. */
  topic(spec?: Partial<TopicSpec>): Promise<string>;
}

/** One part of the contract: a `describe` that is given the fixture. */
export function describePart(
  name: string,
  body: (fixture: ContractFixture) => void,
): (fixture: ContractFixture) => void {
  return (fixture) => describe(name, () => body(fixture));
}

export function record(key: string | null, value: string, rest: Partial<LogRecord> = {}): LogRecord {
  return { key, value: new TextEncoder().encode(value), ...rest };
}

export function textOf(stored: { readonly value: Uint8Array }): string {
  return new TextDecoder().decode(stored.value);
}

export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** Appends `count` records `0`, `1`, … to one partition, each acknowledged before the next batch. */
export async function appendNumbered(log: EventLog, topic: string, count: number, partition = 0): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => record(null, String(index), { partition }));
  await log.append(topic, records);
}

/** Runs `handler` for each assignment of a group. */
export function onAssignments(
  log: EventLog,
  topic: string,
  group: string,
  handler: (assignment: Assignment) => Promise<void>,
  rest: { from?: 'earliest' | 'latest'; onError?: (error: unknown) => void } = {},
): Promise<Subscription> {
  return log.subscribe({ group, topics: [topic], onAssigned: handler, ...rest });
}

/** A group member that commits all it reads and keeps note of it. */
export interface Consumer {
  readonly records: StoredRecord[];
  /** Partitions held now. */
  readonly held: Set<number>;
  readonly assignments: Assignment[];
  stop(): Promise<void>;
}

export async function consume(log: EventLog, topic: string, group: string): Promise<Consumer> {
  const records: StoredRecord[] = [];
  const held = new Set<number>();
  const assignments: Assignment[] = [];
  const subscription = await onAssignments(log, topic, group, async (assignment) => {
    held.add(assignment.partition);
    assignments.push(assignment);
    try {
      while (!assignment.signal.aborted) {
        const batch = await assignment.read(LIMITS);
        const last = batch.at(-1);
        if (last === undefined) continue;
        await assignment.commit(last.offset + 1);
        records.push(...batch);
      }
    } finally {
      held.delete(assignment.partition);
    }
  });
  return { records, held, assignments, stop: () => subscription.stop() };
}

/** The first assignment of the group's next member, handed out while its handler stays alive. */
export async function assigned(
  fixture: ContractFixture,
  topic: string,
  group: string,
  options: { readonly log?: EventLog; readonly from?: 'earliest' | 'latest' } = {},
): Promise<{ assignment: Assignment; stop: () => Promise<void> }> {
  const first = Promise.withResolvers<Assignment>();
  const log = options.log ?? fixture.log();
  const subscription = await onAssignments(
    log,
    topic,
    group,
    (assignment) => {
      first.resolve(assignment);
      return untilAborted(assignment.signal);
    },
    options.from === undefined ? {} : { from: options.from },
  );
  return { assignment: await first.promise, stop: () => subscription.stop() };
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Reads until `count` records came, or the settle time is over. */
export async function readAll(assignment: Assignment, count: number, withinMs: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  const deadline = Date.now() + withinMs;
  while (records.length < count && Date.now() < deadline) records.push(...(await assignment.read(LIMITS)));
  return records;
}

/** Tails until `count` records came; ends the tail. */
export async function tailAll(log: EventLog, topic: string, count: number, withinMs: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  if (count === 0) return records;
  const signal = AbortSignal.timeout(withinMs);
  for await (const stored of log.tail(topic, { from: 'earliest', signal })) {
    records.push(stored);
    if (records.length === count) break;
  }
  return records;
}

export function eventually(fixture: ContractFixture, check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: fixture.capabilities.settleMs, interval: 20 });
}
