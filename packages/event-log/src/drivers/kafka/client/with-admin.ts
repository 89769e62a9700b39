import { backoffMs, sleep } from '@weir/kernel';
import { type Admin, Kafka } from 'kafkajs';
import type { KafkaSettings } from '../kafka-options.ts';
import { connectionConfig } from './connection-config.ts';
import { kafkaError, kafkaErrorType } from './kafka-errors.ts';

const BACKOFF = { baseMs: 50, capMs: 1_000 } as const;
/** What a cluster says while it starts, or while a broker's work moves to another one. */
const MOVING = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_CONTROLLER',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
]);

/**
 * Runs `work` with kafkajs's admin client on connections of its own: one that lives long fails for good when a topic
 * that it once asked for is deleted. `work` runs again while the cluster is only moving things.
 * @throws WeirError.
 */
export async function withAdmin<T>(
  settings: KafkaSettings,
  doing: string,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const { clock, requestTimeoutMs } = settings;
  const deadline = clock.monotonic() + requestTimeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    const admin = new Kafka(connectionConfig(settings, new Set())).admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      const moving = MOVING.has(kafkaErrorType(error) ?? '');
      if (!moving || clock.monotonic() > deadline) throw kafkaError(error, doing);
    } finally {
      await admin.disconnect().catch(() => {});
    }
    await sleep(backoffMs(attempt, BACKOFF));
  }
}
