import { type Clock, WeirError } from '@weir/kernel';
import type { CommittedOffset } from '../event-log.ts';
import { balancePartitions } from './balance.ts';
import type { GroupMemberEntry, GroupStorage, GroupTransaction } from './group-storage.ts';

export interface GroupCoordinatorOptions {
  readonly storage: GroupStorage;
  /** Partitions of a topic; 0 when the topic is unknown. */
  readonly partitionsOf: (topic: string) => number;
  /** How long a member that does not renew keeps its partitions, ms. */
  readonly leaseMs: number;
  readonly clock: Clock;
}

/** One partition that a member owns. */
export interface Holding {
  readonly topic: string;
  readonly partition: number;
  readonly generation: number;
  readonly committed: CommittedOffset | null;
  /** False when the balance gives it to another member: finish, then release it. */
  readonly wanted: boolean;
}

export interface GroupTurn {
  readonly version: number;
  readonly holdings: readonly Holding[];
}

/**
 * The group protocol: leases, balance, generations and fenced commits, as transactions on shared storage; there is no
 * leader. A partition changes hands in two steps: its owner sees that it is no longer wanted and releases it (or its
 * lease runs out), then the new owner claims it under the next generation.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
  }

  get leaseMs(): number {
    return this.#options.leaseMs;
  }

  version(group: string): number {
    return this.#options.storage.read((view) => view.membership(group).version);
  }

  /** Renews the member's lease, drops dead members, claims what is free and due to it. */
  takeTurn(group: string, member: string, topics: readonly string[]): GroupTurn {
    return this.#options.storage.transact((transaction) => {
      const before = transaction.membership(group);
      const members = this.#liveMembers(before.members, member, topics);
      let changed = Object.keys(members).sort().join() !== Object.keys(before.members).sort().join();
      const partitions = this.#partitions(transaction, group, members);
      const targets = balancePartitions(
        Object.entries(members).map(([id, entry]) => ({ id, topics: entry.topics })),
        partitions,
      );
      const holdings: Holding[] = [];
      partitions.forEach(({ topic, partition, owner, generation }, index) => {
        const wanted = targets[index] === member;
        if (owner !== member && !(owner === null && wanted)) return;
        let current = generation;
        if (owner === null) {
          current += 1;
          transaction.setOwner(group, topic, partition, { member, generation: current });
          changed = true;
        }
        const committed = transaction.committed(group, topic, partition);
        holdings.push({ topic, partition, generation: current, committed, wanted });
      });
      const version = before.version + (changed ? 1 : 0);
      transaction.setMembership(group, { version, members });
      return { version, holdings };
    });
  }

  /** Makes a new assignment of a partition the member already owns; null when it owns it no more. */
  restart(group: string, member: string, topic: string, partition: number): Holding | null {
    return this.#options.storage.transact((transaction) => {
      const owner = transaction.owner(group, topic, partition);
      if (owner.member !== member) return null;
      const generation = owner.generation + 1;
      transaction.setOwner(group, topic, partition, { member, generation });
      return { topic, partition, generation, committed: transaction.committed(group, topic, partition), wanted: true };
    });
  }

  /** Gives a partition back, so that its next owner need not wait for the lease. */
  release(group: string, member: string, topic: string, partition: number): void {
    this.#options.storage.transact((transaction) => {
      const owner = transaction.owner(group, topic, partition);
      if (owner.member !== member) return;
      transaction.setOwner(group, topic, partition, { ...owner, member: null });
      const before = transaction.membership(group);
      transaction.setMembership(group, { ...before, version: before.version + 1 });
    });
  }

  /** Gives everything back and leaves. */
  leave(group: string, member: string): void {
    this.#options.storage.transact((transaction) => {
      const before = transaction.membership(group);
      for (const { topic, partition, owner, generation } of this.#partitions(transaction, group, before.members)) {
        if (owner === member) transaction.setOwner(group, topic, partition, { member: null, generation });
      }
      const { [member]: _, ...members } = before.members;
      transaction.setMembership(group, { version: before.version + 1, members });
    });
  }

  /** @throws WeirError `LOG_FENCED` unless `member` owns the partition under exactly this generation. */
  commit(
    group: string,
    member: string,
    at: { readonly topic: string; readonly partition: number; readonly generation: number },
    committed: CommittedOffset,
  ): void {
    this.#options.storage.transact((transaction) => {
      const owner = transaction.owner(group, at.topic, at.partition);
      if (owner.member !== member || owner.generation !== at.generation) throw fenced(group, at);
      transaction.setCommitted(group, at.topic, at.partition, committed);
    });
  }

  committed(group: string, topic: string, partition: number): CommittedOffset | null {
    return this.#options.storage.read((view) => view.committed(group, topic, partition));
  }

  #liveMembers(
    members: Readonly<Record<string, GroupMemberEntry>>,
    self: string,
    topics: readonly string[],
  ): Record<string, GroupMemberEntry> {
    const now = this.#options.clock.now();
    const live = Object.entries(members).filter(([id, entry]) => id !== self && entry.expiresAt > now);
    return { ...Object.fromEntries(live), [self]: { topics, expiresAt: now + this.#options.leaseMs } };
  }

  #partitions(
    transaction: GroupTransaction,
    group: string,
    members: Readonly<Record<string, GroupMemberEntry>>,
  ): { topic: string; partition: number; owner: string | null; generation: number }[] {
    const topics = [...new Set(Object.values(members).flatMap((entry) => entry.topics))].sort();
    return topics.flatMap((topic) =>
      Array.from({ length: this.#options.partitionsOf(topic) }, (_, partition) => {
        const { member, generation } = transaction.owner(group, topic, partition);
        const owner = member !== null && member in members ? member : null;
        return { topic, partition, owner, generation };
      }),
    );
  }
}

export function fenced(
  group: string,
  at: { readonly topic: string; readonly partition: number; readonly generation: number },
): WeirError {
  return new WeirError(
    'LOG_FENCED',
    `${at.topic}/${at.partition}: generation ${at.generation} is no longer the assignment of group ${group}`,
    { fix: 'Discard what is not committed and return from onAssigned.', details: { group, ...at } },
  );
}
