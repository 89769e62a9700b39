import { backoffMs, sleep } from '@weir/kernel';
import { type Admin, Kafka } from 'kafkajs';
import type { KafkaSettings } from '../kafka-options.ts';
import { connectionConfig } from './connection-config.ts';
import { KafkaClient } from './kafka-client.ts';
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

/*
 * Questions and changes that come seldom use connections of their own and close them: a client of kafkajs that lives
 * long fails for good when a topic that it once asked for is deleted.
 */

/** Runs `work` with kafkajs's admin client, again while the cluster is only moving things. @throws WeirError. */
export function withAdmin<T>(settings: KafkaSettings, doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  return whileMoving(settings, doing, async () => {
    const admin = new Kafka(connectionConfig(settings, new Set())).admin();
    try {
      await admin.connect();
      return await work(admin);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  });
}

/** The same with a client of this driver, whose errors say more. @throws WeirError. */
export function withClient<T>(
  settings: KafkaSettings,
  doing: string,
  work: (client: KafkaClient) => Promise<T>,
): Promise<T> {
  return whileMoving(settings, doing, async () => {
    const client = new KafkaClient(settings);
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  });
}

async function whileMoving<T>(settings: KafkaSettings, doing: string, work: () => Promise<T>): Promise<T> {
  const { clock, requestTimeoutMs } = settings;
  const deadline = clock.monotonic() + requestTimeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const moving = MOVING.has(kafkaErrorType(error) ?? '');
      if (!moving || clock.monotonic() > deadline) throw kafkaError(error, doing);
    }
    await sleep(backoffMs(attempt, BACKOFF));
  }
}
