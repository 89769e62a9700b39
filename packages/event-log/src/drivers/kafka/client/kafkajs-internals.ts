import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import kafkajs, { type Logger } from 'kafkajs';

/*
 * The parts of kafkajs below its producer and its consumer, with the types that this driver needs. kafkajs is frozen
 * (2.2.4, 2023) and the version is pinned, so they do not move under us.
 */

export interface WireRequest {
  readonly request: unknown;
  readonly response: { decode(payload: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> };
}

/** One broker and its connections: fetches go over one of their own, so they hold nothing else up. */
export interface WireBroker {
  readonly nodeId: number | string;
  readonly connectionPool: { send(request: WireRequest): Promise<unknown> };
  findGroupCoordinator(request: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
  joinGroup(request: {
    readonly groupId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly memberId: string;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<JoinGroupAnswer>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly PartitionsOf<{ readonly offset: string; readonly metadata: string }>[];
  }): Promise<unknown>;
  offsetFetch(request: { readonly groupId: string; readonly topics: readonly PartitionsOf<object>[] }): Promise<{
    readonly responses: readonly PartitionsOf<{ readonly offset: string; readonly metadata: string | null }>[];
  }>;
  initProducerId(request: { readonly transactionTimeout: number }): Promise<ProducerId>;
}

export interface ProducerId {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface PartitionsOf<T> {
  readonly topic: string;
  readonly partitions: readonly ({ readonly partition: number } & T)[];
}

export interface JoinGroupAnswer {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

export interface WireCluster {
  readonly brokerPool: { findConnectedBroker(): Promise<WireBroker> };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(node: { readonly nodeId: number }): Promise<WireBroker>;
  fetchTopicsOffset(
    topics: readonly (PartitionsOf<object> & { readonly fromBeginning: boolean })[],
  ): Promise<readonly PartitionsOf<{ readonly offset: string }>[]>;
}

export type SocketFactory = (to: {
  readonly host: string;
  readonly port: number;
  readonly ssl: object | undefined;
  readonly onConnect: () => void;
}) => Socket;

export interface ClusterOptions {
  readonly logger: Logger;
  readonly socketFactory: SocketFactory;
  readonly brokers: readonly string[];
  readonly ssl: object | undefined;
  readonly sasl: object | undefined;
  readonly clientId: string;
  readonly connectionTimeout: number;
  readonly authenticationTimeout: number;
  readonly requestTimeout: number;
  readonly metadataMaxAge: number;
  readonly retry: object;
  readonly allowAutoTopicCreation: false;
  readonly isolationLevel: number;
}

/** A cursor over bytes in Kafka's own encoding. */
export interface WireDecoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): { toString(): string };
  readString(): string;
  readBytes(length: number): Buffer;
  readArray<T>(read: (decoder: WireDecoder) => T): T[];
  canReadBytes(length: number): boolean;
}

export interface WireRecordBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly records: readonly WireRecord[];
}

export interface WireRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
}

interface AbortedTransactions {
  readonly messages: readonly WireRecord[];
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
}

interface RequestDefinition {
  protocol(of: { readonly version: number }): (values: object) => WireRequest;
}

/** Node finds only some of the names that a CommonJS module exports; these it does not. */
export const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, ConfigSource } = kafkajs;

const require = createRequire(import.meta.url);
const load = <T>(path: string): T => require(`kafkajs/src/${path}`) as T;

export const Cluster = load<new (options: ClusterOptions) => WireCluster>('cluster/index.js');
export const Decoder = load<new (buffer: Buffer) => WireDecoder>('protocol/decoder.js');
export const decodeRecordBatch = load<(decoder: WireDecoder) => Promise<WireRecordBatch>>(
  'protocol/recordBatch/v0/decoder.js',
);
export const withoutAborted = load<(of: AbortedTransactions) => readonly WireRecord[]>(
  'consumer/filterAbortedMessages.js',
);
export const { createErrorFromCode } = load<{
  createErrorFromCode(code: number): Error & { readonly type: string; readonly retriable: boolean };
}>('protocol/error.js');

const { requests } = load<{ requests: Record<'Produce' | 'Fetch', RequestDefinition> }>('protocol/requests/index.js');
/** The first version that carries zstd. */
export const produceRequest = requests.Produce.protocol({ version: 7 });
export const fetchRequest = requests.Fetch.protocol({ version: 11 });
