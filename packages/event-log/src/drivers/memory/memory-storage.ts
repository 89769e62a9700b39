import type { GroupMembership, GroupStorage, GroupTransaction, PartitionOwner } from '../../consumer/group-storage.ts';
import type { CommittedOffset, StoredRecord, TopicSpec } from '../../event-log.ts';

export interface MemoryPartition {
  /** Ascending by offset. */
  records: StoredRecord[];
  bytes: number;
  nextOffset: number;
  /** Records left by the last compaction. */
  compactedRecords: number;
}

export interface MemoryTopic {
  spec: TopicSpec;
  readonly partitions: MemoryPartition[];
}

/**
 * What several memory logs share, as several processes share a directory: pass one to `openMemoryLog` more than once.
 * Bounded by each topic's `maxBytes` alone, so give one to every topic that lives long.
 */
export class MemoryStorage implements GroupStorage {
  readonly topics = new Map<string, MemoryTopic>();
  readonly #memberships = new Map<string, GroupMembership>();
  readonly #owners = new Map<string, PartitionOwner>();
  readonly #committed = new Map<string, CommittedOffset>();
  readonly #waiting = new Set<() => void>();

  transact<T>(work: (transaction: GroupTransaction) => T): T {
    return work({
      membership: (group) => this.#memberships.get(group) ?? { version: 0, members: {} },
      owner: (...at) => this.#owners.get(at.join('/')) ?? { member: null, generation: 0 },
      committed: (...at) => this.#committed.get(at.join('/')) ?? null,
      setMembership: (group, membership) => this.#memberships.set(group, membership),
      setOwner: (group, topic, partition, owner) => this.#owners.set(`${group}/${topic}/${partition}`, owner),
      setCommitted: (group, topic, partition, committed) =>
        this.#committed.set(`${group}/${topic}/${partition}`, committed),
    });
  }

  read<T>(work: (transaction: GroupTransaction) => T): T {
    return this.transact(work);
  }

  /** Resolves at the next append to any topic, or when `signal` aborts. */
  appended(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
