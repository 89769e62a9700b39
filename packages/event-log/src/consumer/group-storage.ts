import type { CommittedOffset } from '../event-log.ts';

/** Where a driver keeps its consumer groups; shared by every process that has the log open. */
export interface GroupStorage {
  /** Runs `work` alone among all processes and keeps all of its changes, or none when it throws. */
  transact<T>(work: (transaction: GroupTransaction) => T): T;
  /** Runs `work` on one consistent state without waiting for writers. */
  read<T>(work: (view: GroupView) => T): T;
}

export interface GroupView {
  membership(group: string): GroupMembership;
  owner(group: string, topic: string, partition: number): PartitionOwner;
  committed(group: string, topic: string, partition: number): CommittedOffset | null;
}

export interface GroupTransaction extends GroupView {
  setMembership(group: string, membership: GroupMembership): void;
  setOwner(group: string, topic: string, partition: number, owner: PartitionOwner): void;
  setCommitted(group: string, topic: string, partition: number, committed: CommittedOffset): void;
}

export interface GroupMembership {
  /** Changes whenever a member or an owner changes, so that the others need to look at this number only. */
  readonly version: number;
  readonly members: Readonly<Record<string, GroupMemberEntry>>;
}

export interface GroupMemberEntry {
  readonly topics: readonly string[];
  /** Wall clock, ms: when the member counts as dead unless it renews. */
  readonly expiresAt: number;
}

export interface PartitionOwner {
  readonly member: string | null;
  /** The generation of the newest assignment; 0 before the first. */
  readonly generation: number;
}
