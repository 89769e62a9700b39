import type { KafkaLogOptions } from '../kafka-options.ts';

/** Times with which groups settle, and failures show, within a test. */
export const quickly = {
  group: { sessionTimeoutMs: 1_500, rebalanceTimeoutMs: 3_000, heartbeatMs: 100 },
  fetch: { maxWaitMs: 100 },
  append: { lingerMs: 1 },
  metadataMaxAgeMs: 500,
  onError: (error) => process.stderr.write(`${error}\n`),
} satisfies Omit<KafkaLogOptions, 'brokers'>;
