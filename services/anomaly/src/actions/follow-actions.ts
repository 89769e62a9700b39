import type { EventLog } from '@weir/event-log';
import { createCodec, EVENTS } from '@weir/events';
import { errorMessage, type Started, sleep } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';
import { AlertRules } from './alert-rules.ts';

const RETRY_MS = 1_000;
/** Names no group: only ends of partitions are asked for. */
const NOBODY = 'weir-alert-actions';

export interface FollowedActions {
  readonly rules: AlertRules;
  /** Resolves when everything that had been said at the start is known, or cannot be read. */
  readonly known: Promise<void>;
}

/** Reads what people say about alerts, from the first word on, until it is stopped. */
export function followActions(log: EventLog, logger: Logger): Started<FollowedActions> {
  const rules = new AlertRules();
  const codec = createCodec('alert-action');
  const { topic } = EVENTS['alert-action'];
  const ending = new AbortController();
  const { signal } = ending;
  const { promise: known, resolve } = Promise.withResolvers<void>();
  const follow = async (): Promise<void> => {
    const left = new Map<number, number>();
    for (const { partition, startOffset, endOffset } of await log.lag(NOBODY, topic)) {
      if (endOffset > startOffset) left.set(partition, endOffset);
    }
    if (left.size === 0) resolve();
    for await (const record of log.tail(topic, { from: 'earliest', signal })) {
      try {
        rules.take(codec.decode(record.value));
      } catch {
        // The loader reads the same topic and buries what cannot be read: once is enough.
      }
      if (record.offset + 1 >= (left.get(record.partition) ?? Number.POSITIVE_INFINITY)) left.delete(record.partition);
      if (left.size === 0) resolve();
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ reason: errorMessage(error) }, 'what was said about alerts cannot be read; trying again');
        resolve();
        await sleep(RETRY_MS, signal);
      }
    }
    resolve();
  };
  const running = run();
  const stop = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  return { value: { rules, known }, stop };
}
