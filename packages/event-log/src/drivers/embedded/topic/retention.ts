import { PARTITION, type SealedSegment, TOPIC } from './topic-state.ts';
import type { TopicChange } from './topic-storage.ts';
import type { TopicStore } from './topic-store.ts';

/** The offset below which every group that protects the topic has committed; infinite when none does. */
export type CommittedPast = (topic: string, partition: number) => number;

interface Removal {
  readonly partition: number;
  readonly segment: SealedSegment;
}

/**
 * Takes segments out of the topic's tables that are past its limits of age or size and committed by every protected
 * group (L6), the oldest of all partitions first. The files are removed by the flusher after its next checkpoint.
 */
export function retainTopic(store: TopicStore, now: number, committedPast: CommittedPast): void {
  const { retentionMs, retentionBytes } = store.reloadSpec();
  if (retentionMs === undefined && retentionBytes === undefined) return;
  const removals = planRemovals(store, {
    expiredBefore: retentionMs === undefined ? Number.NEGATIVE_INFINITY : now - retentionMs,
    keepBytes: retentionBytes ?? Number.POSITIVE_INFINITY,
    committedPast,
  });
  // Planned without the lock, so that appends wait for the change of the tables only.
  if (removals.length > 0) store.storage.transact((change) => remove(change, removals));
}

function planRemovals(
  store: TopicStore,
  limits: { readonly expiredBefore: number; readonly keepBytes: number; readonly committedPast: CommittedPast },
): Removal[] {
  const { state, tables } = store.storage.view();
  let bytes = state.get(TOPIC.bytes);
  const queues = Array.from({ length: state.partitions }, (_, partition) => {
    const past = limits.committedPast(store.name, partition);
    const segments = [...(tables[partition] ?? []), state.active(partition)];
    const kept = segments.findIndex((segment) => segment.end > past || segment.records === 0);
    return segments.slice(0, kept < 0 ? segments.length : kept).map((segment) => ({ partition, segment }));
  });
  const removals: Removal[] = [];
  for (;;) {
    const oldest = queues
      .filter((queue) => queue.length > 0)
      .reduce<Removal[] | undefined>((best, queue) => (ageOf(queue) < ageOf(best) ? queue : best), undefined);
    const head = oldest?.[0];
    if (oldest === undefined || head === undefined) return removals;
    if (head.segment.maxTimestampMs >= limits.expiredBefore && bytes <= limits.keepBytes) return removals;
    removals.push(head);
    bytes -= head.segment.bytes;
    oldest.shift();
  }
}

function ageOf(queue: readonly Removal[] | undefined): number {
  return queue?.[0]?.segment.maxTimestampMs ?? Number.POSITIVE_INFINITY;
}

function remove(change: TopicChange, removals: readonly Removal[]): void {
  const { state } = change;
  for (const { partition, segment } of removals) {
    const active = state.active(partition);
    // The active segment goes only if nothing was appended since.
    if (segment.base === active.base && segment.end === active.end) change.roll(partition);
    const segments = change.segments(partition);
    const found = segments.find((each) => each.base === segment.base && each.revision === segment.revision);
    if (found === undefined) continue;
    change.setSegments(
      partition,
      segments.filter((each) => each !== found),
    );
    state.count(-found.bytes, -found.records);
    state.setOf(partition, PARTITION.start, Math.max(found.end, state.of(partition, PARTITION.start)));
  }
  state.touch();
}
