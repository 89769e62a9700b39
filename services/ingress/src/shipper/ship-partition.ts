import type { Assignment, EventLog, LogRecord, StoredRecord } from '@weir/event-log';
import { RESENT_HEADER } from '@weir/events';
import { backoffMs, errorCode, sleep } from '@weir/kernel';
import { readShipmentSeal, writeShipmentSeal } from './shipment-seal.ts';

/** Topic of the spool that keeps what the log will never take; only a person can decide about it. */
export const REFUSED_TOPIC = 'weir.requests.refused';
export const REFUSED_HEADER = 'weir-refused';

export interface ShipDependencies {
  /** Where records go: the log that all machines share. */
  readonly log: Pick<EventLog, 'append'>;
  /** Where they come from; keeps what the log refuses for good. */
  readonly spool: Pick<EventLog, 'append'>;
  readonly retry: { readonly baseMs: number; readonly capMs: number };
  onShipped(records: number): void;
  onRetry(error: unknown, attempt: number): void;
  onRefused(record: StoredRecord, error: unknown): void;
}

/** Codes by which the log says that it stored nothing of a batch; after any other it may have (EventLog.append). */
const NOTHING_STORED = new Set(['LOG_UNAVAILABLE', 'LOG_FULL', 'LOG_DISK_FULL', 'LOG_UNKNOWN_TOPIC']);
const READ = { maxRecords: 1_000, maxBytes: 4 * 1024 * 1024, waitMs: 1_000 };

/**
 * Moves one partition of the spool to the log until it is revoked (I3):
 *
 *   read N..E ─▶ SEAL commit(N, "to E may be in the log") ─▶ append, until it is accepted ─▶ next
 *
 * A restart finds the seal and sends N..E again, marked as sent before; so does a retry of an append that may have been
 * stored. The loader knows marked records by their request id.
 */
export async function shipPartition(assignment: Assignment, dependencies: ShipDependencies): Promise<void> {
  const { committed, topic, signal } = assignment;
  const doubtfulTo = committed === null ? -1 : readShipmentSeal(committed.metadata);
  let shippedTo = -1;
  while (!signal.aborted) {
    const records = await assignment.read(READ);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) {
      if (shippedTo >= 0) await assignment.commit(shippedTo + 1);
      shippedTo = -1;
      continue;
    }
    // Offsets up to the old seal stay in doubt until all of them have been sent again.
    await assignment.commit(first.offset, writeShipmentSeal(Math.max(last.offset, doubtfulTo)));
    const outgoing = records.map((record) => outgoingRecord(record, record.offset <= doubtfulTo));
    await appendUntilAccepted(topic, records, outgoing, signal, dependencies);
    if (signal.aborted) return;
    shippedTo = last.offset;
    dependencies.onShipped(records.length);
  }
  if (shippedTo >= 0) await assignment.commit(shippedTo + 1);
}

function outgoingRecord(record: StoredRecord, resent: boolean): LogRecord {
  const { key, value, timestampMs, headers } = record;
  return { key, value, timestampMs, headers: resent ? { ...headers, [RESENT_HEADER]: '1' } : headers };
}

async function appendUntilAccepted(
  topic: string,
  records: readonly StoredRecord[],
  outgoing: readonly LogRecord[],
  signal: AbortSignal,
  dependencies: ShipDependencies,
): Promise<void> {
  let sending = outgoing;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await dependencies.log.append(topic, sending);
      return;
    } catch (error) {
      if (errorCode(error) === 'LOG_RECORD_TOO_LARGE') {
        await shipOneByOne(topic, records, sending, signal, dependencies, error);
        return;
      }
      dependencies.onRetry(error, attempt);
      if (!NOTHING_STORED.has(errorCode(error))) sending = records.map((record) => outgoingRecord(record, true));
      await sleep(backoffMs(attempt, dependencies.retry), signal);
    }
  }
}

/** Finds the records that are too large for the log; the spool keeps them, the rest go on. */
async function shipOneByOne(
  topic: string,
  records: readonly StoredRecord[],
  outgoing: readonly LogRecord[],
  signal: AbortSignal,
  dependencies: ShipDependencies,
  error: unknown,
): Promise<void> {
  const [only, ...more] = records;
  if (only !== undefined && more.length === 0) {
    const headers = { ...only.headers, [REFUSED_HEADER]: errorCode(error) };
    const { key, value, timestampMs } = only;
    await dependencies.spool.append(REFUSED_TOPIC, [{ key, value, timestampMs, headers }]);
    dependencies.onRefused(only, error);
    return;
  }
  const middle = Math.ceil(records.length / 2);
  for (const [from, to] of [
    [0, middle],
    [middle, records.length],
  ] as const) {
    await appendUntilAccepted(topic, records.slice(from, to), outgoing.slice(from, to), signal, dependencies);
  }
}
