import { findKafka, sharedKafka } from '@weir/testkit';
import { describe } from 'vitest';
import { describeEventLogContract } from '../../testing/index.ts';
import { type KafkaLog, openKafkaLog } from './kafka-log.ts';
import { quickly } from './testing/quickly.ts';

describe.skipIf(findKafka('the Kafka driver') === undefined)('on a real broker', () => {
  describeEventLogContract('kafka', {
    open: async () => {
      const brokers = [await sharedKafka()];
      const logs = new Map<unknown, KafkaLog>();
      const open = (): KafkaLog => {
        const log = openKafkaLog({ ...quickly, brokers });
        logs.set(log, log);
        return log;
      };
      const log = open();
      return {
        log,
        another: async () => open(),
        crash: async (other) => logs.get(other)?.abandon(),
        close: () => log.close(),
      };
    },
    capabilities: {
      settleMs: 10_000,
      acceptsBytes: 8 * 1024 * 1024,
      refusesBytes: 16 * 1024 * 1024 + 1,
      byteLimit: false,
      knowsBytes: false,
    },
  });
});
