import type { EventLog } from '@weir/event-log';
import { type BudgetStateEvent, createCodec, EVENTS } from '@weir/events';
import { errorMessage, sleep } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';

const RETRY_MS = 1_000;

/** Reads where budgets stand, from the start and on, until `signal` aborts; a failure is told and tried again. */
export async function followBudgets(
  openLog: () => Promise<EventLog>,
  take: (state: BudgetStateEvent) => void,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const codec = createCodec('budget-state');
  while (!signal.aborted) {
    try {
      const log = await openLog();
      for await (const record of log.tail(EVENTS['budget-state'].topic, { from: 'earliest', signal })) {
        take(codec.decode(record.value));
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ reason: errorMessage(error) }, 'budget states cannot be read; trying again');
      await sleep(RETRY_MS);
    }
  }
}
