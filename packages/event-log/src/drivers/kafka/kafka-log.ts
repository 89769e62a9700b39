import { WeirError } from '@weir/kernel';
import { tailTopic } from '../../consumer/tail-topic.ts';
import type {
  EventLog,
  LogRecord,
  PartitionLag,
  Position,
  StoredRecord,
  SubscribeOptions,
  Subscription,
  TailOptions,
  TopicDescription,
  TopicSpec,
} from '../../event-log.ts';
import { checkGroupName, checkTopicSpec } from '../../topic-rules.ts';
import { KafkaAppender } from './append/kafka-appender.ts';
import { KafkaClient } from './client/kafka-client.ts';
import { registerZstd } from './client/zstd-codec.ts';
import { KafkaGroupMember } from './group/kafka-group-member.ts';
import { type KafkaLogOptions, type KafkaSettings, kafkaSettings } from './kafka-options.ts';
import { FetchLoop } from './read/fetch-loop.ts';
import { ensureKafkaTopics } from './topics/ensure-topics.ts';
import { describeKafkaTopics, kafkaLag } from './topics/topic-offsets.ts';

export interface KafkaLog extends EventLog {
  /** Ends as a killed process does: nothing is finished, and the group's other members have to notice by themselves. */
  abandon(): void;
}

/**
 * The event log on a Kafka cluster (2.4 or newer; classic groups). kafkajs brings the protocol, connections, TLS, SASL
 * and the admin client; appending, fetching and the group protocol are this driver's own, on top of kafkajs's requests,
 * because its producer and consumer loops cannot keep L3, L4 and L5. Nothing is connected before the first call.
 * @throws WeirError `LOG_INVALID_OPTIONS`.
 */
export function openKafkaLog(options: KafkaLogOptions): KafkaLog {
  registerZstd();
  return new KafkaEventLog(kafkaSettings(options));
}

class KafkaEventLog implements KafkaLog {
  readonly #settings: KafkaSettings;
  readonly #appender: KafkaAppender;
  readonly #members = new Set<KafkaGroupMember>();
  readonly #tails = new Set<KafkaClient>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
    this.#appender = new KafkaAppender(settings);
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    for (const spec of specs) checkTopicSpec(spec);
    if (specs.length > 0) await ensureKafkaTopics(this.#settings, specs);
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<readonly Position[]> {
    this.#checkOpen();
    return records.length === 0 ? [] : this.#appender.append(topic, records);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    this.#checkOpen();
    checkGroupName(options.group);
    const member = new KafkaGroupMember(this.#settings, options);
    this.#members.add(member);
    try {
      await member.start();
    } catch (error) {
      this.#members.delete(member);
      throw error;
    }
    return {
      stop: async () => {
        await member.stop();
        this.#members.delete(member);
      },
    };
  }

  async *tail(topic: string, options: TailOptions): AsyncGenerator<StoredRecord> {
    this.#checkOpen();
    const client = new KafkaClient(this.#settings);
    const feeds = new FetchLoop(this.#settings, client);
    this.#tails.add(client);
    try {
      await client.use([topic]);
      const partitions = async (): Promise<number> => {
        await client.refreshWhenOld().catch(() => {});
        return client.partitions(topic);
      };
      const signal = AbortSignal.any([options.signal, this.#closing.signal]);
      yield* tailTopic({ partitions, source: (partition) => feeds.open(topic, partition) }, { ...options, signal });
    } finally {
      feeds.close();
      client.destroy();
      this.#tails.delete(client);
    }
  }

  async lag(group: string, topic: string): Promise<readonly PartitionLag[]> {
    this.#checkOpen();
    return kafkaLag(this.#settings, group, topic);
  }

  async describe(): Promise<readonly TopicDescription[]> {
    this.#checkOpen();
    return describeKafkaTopics(this.#settings);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  abandon(): void {
    this.#closing.abort();
    for (const member of this.#members) member.abandon();
    for (const client of this.#tails) client.destroy();
    this.#appender.abandon();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#members].map((member) => member.stop()));
    await this.#appender.close();
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new WeirError('LOG_CLOSED', 'the Kafka log was closed');
  }
}
