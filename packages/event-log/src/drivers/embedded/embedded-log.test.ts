import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEventLogContract } from '../../testing/index.ts';
import { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts';

const LEASE_MS = 500;

describeEventLogContract('embedded', {
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-log-'));
    const logs = new Map<unknown, EmbeddedLog>();
    const open = (): EmbeddedLog => {
      const log = openEmbeddedLog({
        directory,
        leaseMs: LEASE_MS,
        onError: (error) => process.stderr.write(`${error}\n`),
      });
      logs.set(log, log);
      return log;
    };
    const log = open();
    return {
      log,
      another: async () => open(),
      crash: async (other) => logs.get(other)?.abandon(),
      close: async () => {
        await log.close();
        rmSync(directory, { recursive: true });
      },
    };
  },
  capabilities: {
    settleMs: 4_000,
    acceptsBytes: 8 * 1024 * 1024,
    refusesBytes: 16 * 1024 * 1024 + 1,
    byteLimit: true,
    knowsBytes: true,
    retain: (log) => (log as EmbeddedLog).retain(),
  },
});
