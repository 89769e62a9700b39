import type { ConnectionOptions } from 'node:tls';
import { type Clock, systemClock, WeirError } from '@weir/kernel';
import { DEFAULT_MAX_RECORD_BYTES } from '../../topic-rules.ts';

const WEEK_MS = 7 * 86_400_000;

/** Everything but `brokers` has a default. */
export interface KafkaLogOptions {
  /** `host:port` of one or more brokers of the cluster. `brokersFromUrl` reads `kafka://host:9092,host2:9092`. */
  readonly brokers: readonly string[];
  /** Names this client in the brokers' logs and quotas. Default `weir`. */
  readonly clientId?: string;
  /** TLS: true for the system's certificate authorities, or what `node:tls` takes (ca, cert, key, servername, …). */
  readonly ssl?: boolean | KafkaTls;
  readonly sasl?: KafkaSasl;
  readonly topics?: KafkaTopicOptions;
  readonly append?: KafkaAppendOptions;
  readonly group?: KafkaGroupOptions;
  readonly fetch?: KafkaFetchOptions;
  /** How long to wait for a connection, ms. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long to wait for an answer, ms. Default 15,000. */
  readonly requestTimeoutMs?: number;
  /** How old the knowledge of partitions and their leaders may be; also when new partitions are noticed. Default 60,000. */
  readonly metadataMaxAgeMs?: number;
  /** Largest key + headers + value. Default 16 MiB. */
  readonly maxRecordBytes?: number;
  /** Failures that belong to no call; the log keeps trying. Default: ignored. */
  readonly onError?: (error: unknown) => void;
  /** What kafkajs has to say. Default: ignored. */
  readonly onLog?: (entry: KafkaLogEntry) => void;
  readonly clock?: Clock;
}

export type KafkaTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername' | 'minVersion'
>;

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  /** `token` is called for each connection and before a token runs out. */
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> };

export interface KafkaLogEntry {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly broker?: string;
  readonly group?: string;
}

export interface KafkaTopicOptions {
  /** False: `ensureTopics` only looks whether the topics are there. Default true. */
  readonly manage?: boolean;
  /** Of topics that are created. Default: the brokers' `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** Of topics that are created. Default: the brokers' own. */
  readonly minInsyncReplicas?: number;
  /**
   * Kafka removes records whether a group has read them or not. So those of topics with `protectedGroups` are kept for
   * at least this long, ms, and are never removed for their size. Default: a week.
   */
  readonly protectedRetentionMs?: number;
  /** Kafka's `compression.type` of the topics. Default `producer`: as they were appended. */
  readonly compressionType?: 'producer' | 'zstd' | 'gzip' | 'uncompressed';
  /** `describe` names only topics that begin so. Default: all but Kafka's own. */
  readonly prefix?: string;
}

export interface KafkaAppendOptions {
  /** How long the first of several appends waits for others, ms. Default 5. */
  readonly lingerMs?: number;
  /** Most records of one request. Default 1,000. */
  readonly maxBatchRecords?: number;
  /** Most bytes of one request, one larger record aside. Default 1 MB. */
  readonly maxBatchBytes?: number;
  /** Records waiting in this process beyond which `LOG_FULL` answers. Default 100,000. */
  readonly maxQueuedRecords?: number;
  /** Bytes waiting in this process beyond which `LOG_FULL` answers. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** How long a request is tried again before its appends are rejected, ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** Default `zstd`. */
  readonly compression?: 'zstd' | 'gzip' | 'none';
}

export interface KafkaGroupOptions {
  /** A member that is silent for so long loses its partitions, ms. Default 45,000. */
  readonly sessionTimeoutMs?: number;
  /** How long a rebalance waits for its members, ms. Default 90,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 3,000 ms. */
  readonly heartbeatMs?: number;
  /** A reader that gets nothing for so long although there is more makes the member start anew, ms. Default 120,000. */
  readonly stallTimeoutMs?: number;
}

export interface KafkaFetchOptions {
  /** How long a broker may hold a fetch without data, ms. Default 500. */
  readonly maxWaitMs?: number;
  /** Default 1 MiB; at most twice as much of a partition is held in memory. */
  readonly maxBytesPerPartition?: number;
  /** Of one answer. Default 16 MiB. */
  readonly maxBytes?: number;
}

/** The options with every default filled in. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: boolean | KafkaTls;
  readonly sasl: KafkaSasl | undefined;
  readonly topics: Required<Omit<KafkaTopicOptions, 'replicationFactor' | 'minInsyncReplicas'>> &
    Pick<KafkaTopicOptions, 'replicationFactor' | 'minInsyncReplicas'>;
  readonly append: Required<KafkaAppendOptions>;
  readonly group: Required<KafkaGroupOptions>;
  readonly fetch: Required<KafkaFetchOptions>;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
  readonly maxRecordBytes: number;
  readonly onError: (error: unknown) => void;
  readonly onLog: ((entry: KafkaLogEntry) => void) | undefined;
  readonly clock: Clock;
}

/** @throws WeirError `LOG_INVALID_OPTIONS`. */
export function kafkaSettings(options: KafkaLogOptions): KafkaSettings {
  for (const broker of options.brokers) checkBroker(broker);
  if (options.brokers.length === 0) throw new WeirError('LOG_INVALID_OPTIONS', 'no broker is named');
  return {
    brokers: options.brokers,
    clientId: options.clientId ?? 'weir',
    ssl: options.ssl ?? false,
    sasl: options.sasl,
    topics: {
      manage: true,
      protectedRetentionMs: WEEK_MS,
      compressionType: 'producer',
      prefix: '',
      ...options.topics,
    },
    append: {
      lingerMs: 5,
      maxBatchRecords: 1_000,
      maxBatchBytes: 1_000_000,
      maxQueuedRecords: 100_000,
      maxQueuedBytes: 64 * 1024 * 1024,
      timeoutMs: 30_000,
      compression: 'zstd',
      ...options.append,
    },
    group: {
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 90_000,
      heartbeatMs: 3_000,
      stallTimeoutMs: 120_000,
      ...options.group,
    },
    fetch: { maxWaitMs: 500, maxBytesPerPartition: 1024 * 1024, maxBytes: 16 * 1024 * 1024, ...options.fetch },
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 15_000,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 60_000,
    maxRecordBytes: options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
    onError: options.onError ?? (() => {}),
    onLog: options.onLog,
    clock: options.clock ?? systemClock,
  };
}

/** The brokers of `kafka://host:9092,host2:9092`; the port is 9092 when it is not given. @throws WeirError `LOG_INVALID_OPTIONS`. */
export function brokersFromUrl(url: string): string[] {
  const match = /^kafka:\/\/([^/?#@]+)\/?$/.exec(url);
  if (match === null) {
    // Not the URL itself: someone may have put a password into it.
    throw new WeirError('LOG_INVALID_OPTIONS', 'the address of Kafka must look like kafka://host:9092,host2:9092', {
      fix: 'Give user names, passwords and TLS as settings of their own, not in the address.',
    });
  }
  const brokers = (match[1] ?? '').split(',').map((each) => (/:\d+$/.test(each) ? each : `${each}:9092`));
  for (const broker of brokers) checkBroker(broker);
  return brokers;
}

function checkBroker(broker: string): void {
  const port = Number(/^[A-Za-z0-9._-]+:(\d{1,5})$/.exec(broker)?.[1]);
  if (!(port >= 1 && port <= 65_535)) {
    throw new WeirError('LOG_INVALID_OPTIONS', 'a broker must be written as host:port', {
      fix: 'Write a host name or an IPv4 address, a colon and the port.',
    });
  }
}
