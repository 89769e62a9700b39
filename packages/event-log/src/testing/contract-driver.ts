import type { EventLog } from '../event-log.ts';

/** What a driver brings to be tested by `describeEventLogContract`. */
export interface ContractDriver {
  /** Called once for the whole suite; every test makes topics and groups of its own. */
  readonly open: () => Promise<ContractHarness>;
  readonly capabilities: ContractCapabilities;
}

export interface ContractHarness {
  readonly log: EventLog;
  /** A second log on the same storage, as another process would open it; closed by the suite or crashed. */
  another(): Promise<EventLog>;
  /** Ends a log of `another` as `kill -9` does: nothing is finished, no group is left. */
  crash(log: EventLog): Promise<void>;
  /** Releases the storage. */
  close(): Promise<void>;
}

export interface ContractCapabilities {
  /** How long a change of members may take until all partitions are held again, a dead member's lease included; ms. */
  readonly settleMs: number;
  /** The largest value that an append must accept, bytes. */
  readonly acceptsBytes: number;
  /** A value of this many bytes must be refused with `LOG_RECORD_TOO_LARGE`. */
  readonly refusesBytes: number;
  /** Whether the driver enforces `maxBytes` and refuses with `LOG_FULL` (a Kafka broker does not). */
  readonly byteLimit: boolean;
  /** Whether `describe` tells how many bytes a topic has. */
  readonly knowsBytes: boolean;
  /** Runs retention and compaction now; absent where only the broker decides when. */
  readonly retain?: (log: EventLog) => Promise<void>;
}
