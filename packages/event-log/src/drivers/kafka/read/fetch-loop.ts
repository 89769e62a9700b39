import { backoffMs, sleep, WeirError } from '@weir/kernel';
import type { FetchedPartition } from '../client/fetch-response.ts';
import type { KafkaClient } from '../client/kafka-client.ts';
import { kafkaError } from '../client/kafka-errors.ts';
import { createErrorFromCode } from '../client/kafkajs-internals.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import { PartitionFeed } from './partition-feed.ts';

const RETRY_BACKOFF = { baseMs: 200, capMs: 5_000 } as const;
const OFFSET_OUT_OF_RANGE = 'OFFSET_OUT_OF_RANGE';
/** The partition moved, or is moving. */
const MOVED = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
  'OFFSET_NOT_AVAILABLE',
]);

/**
 * Fetches for the feeds that are hungry, and for no others: one request at a time to each broker, with all of its
 * partitions that somebody waits for.
 */
export class FetchLoop {
  readonly #settings: KafkaSettings;
  readonly #client: KafkaClient;
  readonly #feeds = new Set<PartitionFeed>();
  readonly #busy = new Set<number | undefined>();
  readonly #closing = new AbortController();
  #failures = 0;
  /** Rotates, so that no partition is always the one for which an answer has no room left. */
  #turn = 0;

  constructor(settings: KafkaSettings, client: KafkaClient) {
    this.#settings = settings;
    this.#client = client;
  }

  open(topic: string, partition: number): PartitionFeed {
    const feed = new PartitionFeed({
      topic,
      partition,
      lowWaterBytes: this.#settings.fetch.maxBytesPerPartition,
      clock: this.#settings.clock,
      bounds: () => this.#client.bounds(topic, partition),
      onHungry: () => this.#pump(),
      onClose: (closed) => this.#feeds.delete(closed),
    });
    this.#feeds.add(feed);
    return feed;
  }

  /** The longest that a reader waits although there is something to read, ms. */
  stalledMs(): number {
    return Math.max(0, ...[...this.#feeds].map((feed) => feed.stalledMs()));
  }

  close(): void {
    this.#closing.abort();
    for (const feed of this.#feeds) feed.close();
  }

  #pump(): void {
    if (this.#closing.signal.aborted) return;
    const hungry = new Map<number | undefined, PartitionFeed[]>();
    for (const feed of this.#feeds) {
      if (!feed.hungry) continue;
      const leader = this.#client.leader(feed.topic, feed.partition);
      if (this.#busy.has(leader)) continue;
      const others = hungry.get(leader);
      if (others === undefined) hungry.set(leader, [feed]);
      else others.push(feed);
    }
    for (const [leader, feeds] of hungry) {
      this.#busy.add(leader);
      void this.#serve(leader, feeds).finally(() => {
        this.#busy.delete(leader);
        this.#pump();
      });
    }
  }

  async #serve(leader: number | undefined, feeds: readonly PartitionFeed[]): Promise<void> {
    try {
      if (leader === undefined) throw createErrorFromCode(LEADER_NOT_AVAILABLE);
      const broker = await this.#client.broker(leader);
      this.#turn += 1;
      const turned = feeds.map((_, index) => feeds[(index + this.#turn) % feeds.length] as PartitionFeed);
      const targets = turned.map((feed) => ({
        topic: feed.topic,
        partition: feed.partition,
        offset: feed.fetchOffset,
      }));
      const answer = await this.#client.fetch(broker, targets);
      const offsets = new Map(targets.map((target, index) => [keyOf(target), { target, feed: turned[index] }]));
      for (const fetched of answer) {
        const asked = offsets.get(keyOf(fetched));
        if (asked?.feed !== undefined) await this.#deliver(asked.feed, asked.target.offset, fetched);
      }
      this.#failures = 0;
    } catch (error) {
      await this.#recover(error);
    }
  }

  /** @throws what means that the leader has to be looked up again. */
  async #deliver(feed: PartitionFeed, offset: number, fetched: FetchedPartition): Promise<void> {
    const where = `reading ${feed.topic}/${feed.partition}`;
    if (fetched.failure !== undefined) feed.fail(kafkaError(fetched.failure, where));
    else if (fetched.errorCode === 0) feed.deliver(offset, fetched);
    else {
      const error = createErrorFromCode(fetched.errorCode);
      if (error.type === OFFSET_OUT_OF_RANGE) await this.#comeBackIntoRange(feed, offset);
      else if (MOVED.has(error.type) || error.retriable) throw error;
      else feed.fail(kafkaError(error, where));
    }
  }

  /** Retention may remove what was not read yet; but nothing makes a log shorter at its end, unless it lost records. */
  async #comeBackIntoRange(feed: PartitionFeed, offset: number): Promise<void> {
    const { startOffset, endOffset } = await feed.bounds();
    if (feed.fetchOffset !== offset) return;
    if (offset < startOffset) feed.skipTo(startOffset);
    else if (offset > endOffset) {
      const at = `${feed.topic}/${feed.partition}`;
      feed.fail(
        new WeirError('LOG_OFFSET_LOST', `${at} ends at ${endOffset}, before the offset ${offset} that is read next`, {
          fix: 'Find out why the cluster lost records (or made the topic anew), then reset the offsets of the group.',
        }),
      );
    }
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#failures += 1;
    // One failure is what every restart of a broker looks like.
    if (this.#failures > 2) this.#settings.onError(kafkaError(error, 'fetching'));
    await sleep(backoffMs(this.#failures, RETRY_BACKOFF), this.#closing.signal);
    if (!this.#closing.signal.aborted) await this.#client.refresh().catch(() => {});
  }
}

const LEADER_NOT_AVAILABLE = 5;

function keyOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
