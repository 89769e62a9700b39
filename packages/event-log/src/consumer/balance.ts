export interface BalanceMember {
  readonly id: string;
  readonly topics: readonly string[];
}

export interface BalancePartition {
  readonly topic: string;
  readonly partition: number;
  /** The member that holds it now, or null. */
  readonly owner: string | null;
}

/**
 * Who should hold each partition, in the order given; null when no member reads the topic. Sticky: a partition stays
 * where it is unless its owner has at least two more than a member that could take it, so a change of membership
 * moves as few as possible and every process computes the same answer from the same state.
 */
export function balancePartitions(
  members: readonly BalanceMember[],
  partitions: readonly BalancePartition[],
): (string | null)[] {
  const counts = new Map(members.map((member) => [member.id, 0]));
  const readers = new Map<string, string[]>();
  for (const member of [...members].sort((left, right) => (left.id < right.id ? -1 : 1))) {
    for (const topic of new Set(member.topics)) readers.set(topic, [...(readers.get(topic) ?? []), member.id]);
  }
  const count = (id: string): number => counts.get(id) ?? 0;
  const add = (id: string, change: number): unknown => counts.set(id, count(id) + change);
  const least = (topic: string): string | undefined =>
    readers.get(topic)?.reduce((best, id) => (count(id) < count(best) ? id : best));

  const targets = partitions.map(({ topic, owner }) => {
    const kept = owner !== null && (readers.get(topic)?.includes(owner) ?? false) ? owner : null;
    if (kept !== null) add(kept, 1);
    return kept;
  });
  partitions.forEach(({ topic }, index) => {
    const member = targets[index] === null ? least(topic) : undefined;
    if (member === undefined) return;
    targets[index] = member;
    add(member, 1);
  });
  // Each move lowers the sum of squares of the counts, so this ends.
  for (let moved = true; moved; ) {
    moved = false;
    partitions.forEach(({ topic }, index) => {
      const holder = targets[index];
      const member = least(topic);
      if (holder == null || member === undefined || count(holder) - count(member) < 2) return;
      targets[index] = member;
      add(holder, -1);
      add(member, 1);
      moved = true;
    });
  }
  return targets;
}
