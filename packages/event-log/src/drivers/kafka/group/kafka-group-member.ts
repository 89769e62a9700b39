import { backoffMs, errorCode, sleep, WeirError } from '@weir/kernel';
import { fenced } from '../../../consumer/group-coordinator.ts';
import { PartitionAssignment } from '../../../consumer/partition-assignment.ts';
import { runHandler } from '../../../consumer/run-handler.ts';
import type { CommittedOffset, SubscribeOptions, Subscription } from '../../../event-log.ts';
import { KafkaClient } from '../client/kafka-client.ts';
import { isKafkaError, kafkaError } from '../client/kafka-errors.ts';
import type { WireBroker } from '../client/kafkajs-internals.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import { FetchLoop } from '../read/fetch-loop.ts';
import type { PartitionFeed } from '../read/partition-feed.ts';
import { fetchCommitted, groupVerdict, joinGroup, type Membership, type TopicPartition } from './group-protocol.ts';

const RETRY_BACKOFF = { baseMs: 200, capMs: 5_000 } as const;
/** Assignments of one partition within one generation of the group are told apart in the lower bits. */
const ATTEMPTS = 2 ** 20;

const LEAVE_MS = 5_000;
const NEVER = new AbortController().signal;

/** One life between two rebalances. */
interface Held extends Membership {
  readonly committed: (at: TopicPartition) => CommittedOffset | null;
  readonly feeds: FetchLoop;
  /** Aborts when the partitions are no longer this member's, as far as anyone here knows. */
  readonly over: AbortController;
}

/**
 * One member of a consumer group, on the group protocol itself instead of kafkajs's consumer. That one pushes batches,
 * joins again while handlers of the old generation still run, and lets them commit under the new one. Here, when a
 * rebalance begins, every assignment aborts, the handlers are waited for, and only then the member joins again; each
 * commit carries the generation of its assignment, so the broker itself refuses one that comes too late (L3).
 */
export class KafkaGroupMember implements Subscription {
  readonly #settings: KafkaSettings;
  readonly #subscribe: SubscribeOptions;
  readonly #stopping = new AbortController();
  readonly #handlers = new Set<Promise<void>>();
  #client: KafkaClient;
  #memberId = '';
  #held: Held | undefined;
  #abandoned = false;
  #loop: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(settings: KafkaSettings, subscribe: SubscribeOptions) {
    this.#settings = settings;
    this.#subscribe = subscribe;
    this.#client = new KafkaClient(settings);
  }

  /** @throws WeirError when the cluster cannot be reached, or a topic is unknown. */
  async start(): Promise<void> {
    try {
      await this.#client.use(this.#subscribe.topics);
    } catch (error) {
      this.#client.destroy();
      throw error;
    }
    this.#loop = this.#run();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Ends without leaving the group, as a killed process does. */
  abandon(): void {
    this.#abandoned = true;
    this.#stopping.abort();
    this.#held?.over.abort();
    this.#client.destroy();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    const { sessionTimeoutMs } = this.#settings.group;
    // A join that waits for other members cannot be taken back; the coordinator will miss this one soon.
    await Promise.race([this.#loop, sleep(sessionTimeoutMs)]);
    if (!this.#abandoned) await this.#leave();
    await Promise.all(this.#handlers);
    this.#client.destroy();
    await this.#loop;
  }

  /** So that the others need not wait for the session to run out. */
  async #leave(): Promise<void> {
    if (this.#memberId === '') return;
    const { group } = this.#subscribe;
    const leaving = this.#client
      .coordinator(group)
      .then((coordinator) => coordinator.leaveGroup({ groupId: group, memberId: this.#memberId }));
    try {
      await within(LEAVE_MS, NEVER, leaving);
    } catch (error) {
      // A coordinator that does not know the member, or cannot be reached, needs no goodbye.
      if (!WeirError.is(error) && !isKafkaError(error)) this.#settings.onError(error);
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        const held = await this.#join();
        failures = 0;
        await this.#hold(held);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        const verdict = groupVerdict(error);
        if (verdict === 'forgotten') this.#memberId = '';
        // Whatever it was, new connections are the better start.
        if (verdict === 'broken') this.#client.destroy();
        failures += 1;
        const expected = verdict === 'rejoin' || verdict === 'forgotten' || (verdict === 'moved' && failures < 10);
        if (!expected) this.#settings.onError(kafkaError(error, `group ${this.#subscribe.group}`));
        await sleep(backoffMs(failures, RETRY_BACKOFF), this.#stopping.signal);
      }
    }
  }

  async #join(): Promise<Held> {
    const { group, topics } = this.#subscribe;
    if (this.#client.destroyed) this.#client = new KafkaClient(this.#settings);
    const client = this.#client;
    await client.use(topics);
    await client.refreshWhenOld();
    const membership = await joinGroup({
      client,
      group,
      topics,
      memberId: this.#memberId,
      sessionTimeoutMs: this.#settings.group.sessionTimeoutMs,
      rebalanceTimeoutMs: this.#settings.group.rebalanceTimeoutMs,
      onMemberId: (memberId) => {
        this.#memberId = memberId;
      },
    });
    const committed = await fetchCommitted(membership.coordinator, group, membership.partitions);
    return { ...membership, committed, feeds: new FetchLoop(this.#settings, client), over: new AbortController() };
  }

  async #hold(held: Held): Promise<void> {
    this.#held = held;
    const running = held.partitions.map((at) => this.#runPartition(held, at));
    try {
      await this.#keepAlive(held);
    } finally {
      held.over.abort();
      // The session outlives this wait, so nobody else has the partitions yet.
      const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings.group;
      await Promise.race([Promise.all(running), sleep(Math.min(sessionTimeoutMs, rebalanceTimeoutMs) * 0.6)]);
      held.feeds.close();
      this.#held = undefined;
    }
  }

  /** Heartbeats until the member stops, the group rebalances, or the coordinator may have given the partitions away. */
  async #keepAlive(held: Held): Promise<void> {
    const { clock, group } = this.#settings;
    const ended = AbortSignal.any([this.#stopping.signal, held.over.signal]);
    let coordinator = held.coordinator;
    let answeredAt = clock.monotonic();
    let metadataAt = answeredAt;
    const left = (): number => answeredAt + group.sessionTimeoutMs - clock.monotonic();
    for (;;) {
      await sleep(group.heartbeatMs, ended);
      if (ended.aborted) return;
      this.#checkStalled(held);
      try {
        // A little at a time, so that a coordinator that hangs hides nothing else.
        await within(Math.min(left(), group.heartbeatMs * 2), ended, this.#heartbeat(coordinator, held));
        answeredAt = clock.monotonic();
      } catch (error) {
        if (ended.aborted) return;
        const verdict = groupVerdict(error);
        if (verdict === 'rejoin' || verdict === 'forgotten') throw error;
        if (left() <= 0) throw error;
        if (verdict === 'broken') this.#client.dropConnections();
        const found = this.#client.coordinator(this.#subscribe.group);
        coordinator = await within(left(), ended, found).catch(() => coordinator);
        continue;
      }
      if (held.leads && clock.monotonic() - metadataAt > this.#settings.metadataMaxAgeMs) {
        metadataAt = clock.monotonic();
        if (await within(left(), ended, this.#topicsGrew()).catch(() => false)) return;
      }
    }
  }

  #heartbeat(coordinator: WireBroker, { generationId, memberId }: Held): Promise<unknown> {
    return coordinator.heartbeat({ groupId: this.#subscribe.group, groupGenerationId: generationId, memberId });
  }

  /** @throws WeirError `LOG_STALLED`: a new start is what an operator would try as well. */
  #checkStalled(held: Held): void {
    const stalledMs = held.feeds.stalledMs();
    if (stalledMs < this.#settings.group.stallTimeoutMs) return;
    const { group } = this.#subscribe;
    throw new WeirError('LOG_STALLED', `group ${group}: a reader got nothing for ${Math.round(stalledMs)} ms`, {
      retriable: true,
      fix: 'The member starts anew by itself. If this comes again, look at the brokers.',
    });
  }

  async #topicsGrew(): Promise<boolean> {
    const { topics } = this.#subscribe;
    const before = topics.map((topic) => this.#client.partitions(topic));
    await this.#client.refresh().catch(() => {});
    return topics.some((topic, index) => this.#client.partitions(topic) > (before[index] ?? 0));
  }

  #runPartition(held: Held, at: TopicPartition): Promise<void> {
    const source = held.feeds.open(at.topic, at.partition);
    // Commits of one partition are sent one after the other, also across its assignments.
    const committing = { last: Promise.resolve() };
    const running = runHandler({
      subscribe: this.#subscribe,
      ...at,
      signal: held.over.signal,
      onError: this.#settings.onError,
      assign: (attempt, signal) => this.#assign({ held, at, source, committing, attempt, signal }),
    }).catch((error: unknown) => this.#settings.onError(error));
    this.#handlers.add(running);
    return running.finally(() => this.#handlers.delete(running));
  }

  async #assign(making: Making): Promise<PartitionAssignment | null> {
    const { held, at, source, committing, attempt, signal } = making;
    const { group, from } = this.#subscribe;
    const generation = held.generationId * ATTEMPTS + attempt;
    await committing.last;
    const committed = attempt === 0 ? held.committed(at) : await this.#committedNow(at);
    const commit = (next: CommittedOffset): Promise<void> => {
      const done = committing.last.then(() => this.#commit(held, { ...at, generation }, next, signal));
      committing.last = done.catch(() => {});
      return done;
    };
    let position = committed?.offset;
    if (position === undefined) {
      const { startOffset, endOffset } = await source.bounds();
      position = from === 'latest' ? endOffset : startOffset;
      // Without this anchor a crash before the first commit would start at a later "latest" and skip records (L4).
      if (from === 'latest') await commit({ offset: endOffset, metadata: '' });
    }
    if (signal.aborted) return null;
    return new PartitionAssignment({
      ...at,
      generation,
      committed,
      position,
      signal,
      source,
      clock: this.#settings.clock,
      commit,
      fenced: () => fenced(group, { ...at, generation }),
    });
  }

  async #committedNow(at: TopicPartition): Promise<CommittedOffset | null> {
    const { group } = this.#subscribe;
    try {
      return (await fetchCommitted(await this.#client.coordinator(group), group, [at]))(at);
    } catch (error) {
      throw kafkaError(error, `asking for the offsets of group ${group}`);
    }
  }

  /** @throws WeirError `LOG_FENCED`; others when the coordinator cannot be reached for a whole session. */
  async #commit(
    held: Held,
    at: TopicPartition & { readonly generation: number },
    { offset, metadata }: CommittedOffset,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#settings;
    const { group } = this.#subscribe;
    const deadline = clock.monotonic() + this.#settings.group.sessionTimeoutMs;
    const topics = [{ topic: at.topic, partitions: [{ partition: at.partition, offset: String(offset), metadata }] }];
    const { generationId: groupGenerationId, memberId } = held;
    let coordinator = held.coordinator;
    for (let attempt = 0; ; attempt += 1) {
      if (signal.aborted) throw fenced(group, at);
      try {
        await coordinator.offsetCommit({ groupId: group, groupGenerationId, memberId, topics });
        return;
      } catch (error) {
        const verdict = groupVerdict(error);
        if (verdict === 'rejoin' || verdict === 'forgotten') {
          held.over.abort();
          throw fenced(group, at);
        }
        const mapped = kafkaError(error, `committing ${at.topic}/${at.partition} for group ${group}`);
        const again = verdict === 'moved' || errorCode(mapped) === 'LOG_UNAVAILABLE';
        if (!again || clock.monotonic() > deadline) throw mapped;
        await sleep(backoffMs(attempt, RETRY_BACKOFF), signal);
        coordinator = await this.#client.coordinator(group).catch(() => coordinator);
      }
    }
  }
}

interface Making {
  readonly held: Held;
  readonly at: TopicPartition;
  readonly source: PartitionFeed;
  readonly committing: { last: Promise<void> };
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** @throws WeirError `LOG_UNAVAILABLE` when `work` takes longer, or `signal` aborts; it is then left alone. */
async function within<T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const expired = sleep(Math.max(0, ms), AbortSignal.any([signal, late.signal])).then(() => {
    throw new WeirError('LOG_UNAVAILABLE', 'the coordinator did not answer', { retriable: true });
  });
  expired.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([work, expired]);
  } finally {
    late.abort();
  }
}
