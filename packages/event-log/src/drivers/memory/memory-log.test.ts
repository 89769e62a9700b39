import { describeEventLogContract } from '../../testing/index.ts';
import { type MemoryLog, openMemoryLog } from './memory-log.ts';
import { MemoryStorage } from './memory-storage.ts';

const LEASE_MS = 500;

describeEventLogContract('memory', {
  open: async () => {
    const storage = new MemoryStorage();
    const others = new Map<unknown, MemoryLog>();
    const open = (): MemoryLog => openMemoryLog({ storage, leaseMs: LEASE_MS });
    const log = open();
    return {
      log,
      another: async () => {
        const other = open();
        others.set(other, other);
        return other;
      },
      crash: async (other) => others.get(other)?.abandon(),
      close: () => log.close(),
    };
  },
  capabilities: {
    settleMs: 4_000,
    acceptsBytes: 8 * 1024 * 1024,
    refusesBytes: 16 * 1024 * 1024 + 1,
    byteLimit: true,
    knowsBytes: true,
    // It retains while it describes.
    retain: async (log) => {
      await log.describe();
    },
  },
});
