import type { Socket } from 'node:net';
import { Kafka } from 'kafkajs';
import type { PartitionBounds } from '../../../consumer/partition-source.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import { connectionConfig, RETRY } from './connection-config.ts';
import { decodeFetchResponse, type FetchedPartition } from './fetch-response.ts';
import { isConnectionDead, kafkaError } from './kafka-errors.ts';
import {
  Cluster,
  createErrorFromCode,
  fetchRequest,
  produceRequest,
  type WireBroker,
  type WireCluster,
  type WireRequest,
} from './kafkajs-internals.ts';

const READ_COMMITTED = 1;
const ALL_REPLICAS = -1;
const GROUP_COORDINATOR = 0;

export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The records of one partition in one request. */
export interface ProduceBatch {
  readonly partition: number;
  readonly firstSequence: number;
  readonly messages: readonly object[];
}

export interface Produced {
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
}

/**
 * Connections to a cluster, for one purpose: a broker answers the requests of a connection one after the other, so each
 * group member has its own client and waits for nobody else's joins or fetches.
 */
export class KafkaClient {
  readonly #settings: KafkaSettings;
  readonly #cluster: WireCluster;
  readonly #sockets = new Set<Socket>();
  readonly #topics = new Set<string>();
  #destroyed = false;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
    const config = connectionConfig(settings, this.#sockets);
    this.#cluster = new Cluster({
      logger: new Kafka(config).logger(),
      socketFactory: config.socketFactory as never,
      brokers: settings.brokers,
      ssl: config.ssl as object | undefined,
      sasl: config.sasl,
      clientId: settings.clientId,
      connectionTimeout: settings.connectTimeoutMs,
      authenticationTimeout: settings.connectTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      metadataMaxAge: settings.metadataMaxAgeMs,
      retry: RETRY,
      allowAutoTopicCreation: false,
      isolationLevel: READ_COMMITTED,
    });
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Connects where needed, and learns the partitions of `topics`. @throws WeirError. */
  async use(topics: readonly string[]): Promise<void> {
    if (topics.every((topic) => this.#topics.has(topic))) return;
    try {
      await this.#guard(async () => {
        await this.#cluster.connect();
        await this.#cluster.addMultipleTargetTopics(topics);
      });
    } catch (error) {
      throw kafkaError(error, `using ${topics.join()}`);
    }
    for (const topic of topics) this.#topics.add(topic);
  }

  knows(topic: string): boolean {
    return this.#topics.has(topic);
  }

  refresh(): Promise<void> {
    return this.#guard(() => this.#cluster.refreshMetadata());
  }

  refreshWhenOld(): Promise<void> {
    return this.#guard(() => this.#cluster.refreshMetadataIfNecessary());
  }

  partitions(topic: string): number {
    return this.#cluster.findTopicPartitionMetadata(topic).length;
  }

  /** The broker that leads a partition, as last known. */
  leader(topic: string, partition: number): number | undefined {
    const found = this.#cluster.findTopicPartitionMetadata(topic).find((each) => each.partitionId === partition);
    return found === undefined || found.leader < 0 ? undefined : found.leader;
  }

  broker(nodeId: number): Promise<WireBroker> {
    return this.#guard(() => this.#cluster.findBroker({ nodeId }));
  }

  anyBroker(): Promise<WireBroker> {
    return this.#guard(() => this.#cluster.brokerPool.findConnectedBroker());
  }

  async coordinator(group: string): Promise<WireBroker> {
    const any = await this.anyBroker();
    const { coordinator } = await this.#guard(() =>
      any.findGroupCoordinator({ groupId: group, coordinatorType: GROUP_COORDINATOR }),
    );
    return this.broker(coordinator.nodeId);
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    try {
      await this.refreshWhenOld();
      const [bounds] = await this.boundsOf(topic, [partition]);
      return bounds as PartitionBounds;
    } catch (error) {
      await this.refresh().catch(() => {});
      throw kafkaError(error, `asking for the offsets of ${topic}/${partition}`);
    }
  }

  /** Of each of the partitions, in their order. */
  async boundsOf(topic: string, partitions: readonly number[]): Promise<PartitionBounds[]> {
    const ask = async (fromBeginning: boolean): Promise<Map<number, number>> => {
      const asked = partitions.map((partition) => ({ partition }));
      const [answer] = await this.#cluster.fetchTopicsOffset([{ topic, partitions: asked, fromBeginning }]);
      return new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    };
    const [starts, ends] = await this.#guard(() => Promise.all([ask(true), ask(false)]));
    return partitions.map((partition) => {
      const [startOffset, endOffset] = [starts.get(partition), ends.get(partition)];
      if (startOffset === undefined || endOffset === undefined) throw createErrorFromCode(LEADER_NOT_AVAILABLE);
      return { startOffset, endOffset };
    });
  }

  async fetch(broker: WireBroker, targets: readonly FetchTarget[]): Promise<readonly FetchedPartition[]> {
    const { maxWaitMs, maxBytes, maxBytesPerPartition } = this.#settings.fetch;
    const { request, response } = fetchRequest({
      replicaId: -1,
      maxWaitTime: maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel: READ_COMMITTED,
      topics: targets.map(({ topic, partition, offset }) => ({
        topic,
        partitions: [{ partition, fetchOffset: String(offset), maxBytes: maxBytesPerPartition }],
      })),
    });
    const answer = await this.#send(broker, {
      request,
      response: { ...response, decode: decodeFetchResponse, parse: async (data: unknown) => data },
    });
    return (answer as Awaited<ReturnType<typeof decodeFetchResponse>>).partitions;
  }

  /** Unlike kafkajs's own, the answer tells which partitions failed. */
  async produce(
    broker: WireBroker,
    topic: string,
    producer: { readonly producerId: string; readonly producerEpoch: number },
    batches: readonly ProduceBatch[],
    compression: number,
  ): Promise<readonly Produced[]> {
    const protocol: WireRequest = produceRequest({
      acks: ALL_REPLICAS,
      timeout: this.#settings.requestTimeoutMs,
      ...producer,
      compression,
      topicData: [{ topic, partitions: batches }],
    });
    const answer = await this.#send(broker, {
      request: protocol.request,
      response: { ...protocol.response, parse: async (data) => data },
    });
    const { topics } = answer as {
      topics: readonly { partitions: readonly { partition: number; errorCode: number; baseOffset: string }[] }[];
    };
    return topics.flatMap(({ partitions }) =>
      partitions.map((each) => ({ ...each, baseOffset: Number(each.baseOffset) })),
    );
  }

  /** A connection on which nothing comes back may be dead without anybody having said so: the next request opens another. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy(new Error('no answer came in time'));
  }

  /** Drops every connection now: what waits for an answer is rejected, and nothing is tried again. */
  destroy(): void {
    this.#destroyed = true;
    for (const socket of this.#sockets) socket.destroy(new Error('this client was closed'));
    void this.#cluster.disconnect().catch(() => {});
  }

  #send(broker: WireBroker, request: WireRequest): Promise<unknown> {
    return this.#guard(() => broker.connectionPool.send(request));
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (isConnectionDead(error)) this.dropConnections();
      throw error;
    }
  }
}

const LEADER_NOT_AVAILABLE = 5;
