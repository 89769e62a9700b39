import type { EventLog, StoredRecord } from '@weir/event-log';
import { createCodec, EVENTS } from '@weir/events';

/** A request id as the log has it. */
export interface LoggedEvent {
  readonly partition: number;
  readonly offset: number;
  /** Pico-dollars; null = unknown; undefined on weir.requests, where it is not known yet. */
  readonly costUsd: bigint | null | undefined;
}

/** What the log still holds of a window of event time. */
export interface LogFacts {
  /** First occurrence of each id on weir.requests and on weir.costs. */
  readonly requests: ReadonlyMap<string, LoggedEvent>;
  readonly costs: ReadonlyMap<string, LoggedEvent>;
  /** Later occurrences: sent again after a crash, left out by the loader. */
  readonly repeatedRequests: number;
  readonly repeatedCosts: number;
  /** `topic/partition/offset` of records that were given up. */
  readonly dead: ReadonlySet<string>;
}

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Reads the topics from their earliest record to where they end now. */
export async function readLogFacts(
  log: EventLog,
  window: TimeWindow,
  onProgress: (topic: string, records: number) => void,
): Promise<LogFacts> {
  const requestCodec = createCodec('request');
  const costCodec = createCodec('cost');
  const within = (ts: number): boolean => ts >= window.fromMs && ts < window.toMs;
  const requests = new Map<string, LoggedEvent>();
  const costs = new Map<string, LoggedEvent>();
  const dead = new Set<string>();
  let repeatedRequests = 0;
  let repeatedCosts = 0;
  const note = (map: Map<string, LoggedEvent>, id: string, event: LoggedEvent): number => {
    if (map.has(id)) return 1;
    map.set(id, event);
    return 0;
  };
  const visit = async (topic: string, use: (record: StoredRecord) => void): Promise<void> => {
    let seen = 0;
    for await (const record of untilEnd(log, topic)) {
      seen += 1;
      if (seen % 50_000 === 0) onProgress(topic, seen);
      try {
        use(record);
      } catch {
        // A record that does not decode is in the dead letters, by its place.
      }
    }
    onProgress(topic, seen);
  };
  await visit(EVENTS.request.topic, (record) => {
    const { request_id, ts } = requestCodec.decode(record.value);
    const { partition, offset } = record;
    if (within(ts)) repeatedRequests += note(requests, request_id, { partition, offset, costUsd: undefined });
  });
  await visit(EVENTS.cost.topic, (record) => {
    const { request_id, ts, cost_usd: costUsd } = costCodec.decode(record.value);
    const { partition, offset } = record;
    if (within(ts)) repeatedCosts += note(costs, request_id, { partition, offset, costUsd });
  });
  await visit(EVENTS['dead-letter'].topic, ({ key }) => void (key !== null && dead.add(key)));
  return { requests, costs, repeatedRequests, repeatedCosts, dead };
}

/** The records of a topic up to the ends that its partitions have at the start. */
async function* untilEnd(log: EventLog, topic: string): AsyncGenerator<StoredRecord> {
  const bounds = await log.lag('weir-verify', topic);
  const open = new Map(
    bounds
      .filter(({ startOffset, endOffset }) => endOffset > startOffset)
      .map(({ partition, endOffset }) => [partition, endOffset]),
  );
  if (open.size === 0) return;
  const ending = new AbortController();
  try {
    for await (const record of log.tail(topic, { from: 'earliest', signal: ending.signal })) {
      const end = open.get(record.partition);
      if (end !== undefined && record.offset < end) yield record;
      if (end !== undefined && record.offset >= end - 1) open.delete(record.partition);
      if (open.size === 0) return;
    }
  } finally {
    ending.abort();
  }
}
