import { WeirError } from '@weir/kernel';

/** The name of Kafka's own error (`NOT_LEADER_FOR_PARTITION`, …) behind whatever kafkajs wrapped around it. */
export function kafkaErrorType(error: unknown): string | undefined {
  return find(error, 'type');
}

/** True when kafkajs or the network made the error, not a mistake in the program. */
export function isKafkaError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name.startsWith('KafkaJS') || isHalfOpen(error) || find(error, 'code') !== undefined;
}

/** True when the connection it came over is of no use any more, although it counts as open. */
export function isConnectionDead(error: unknown): boolean {
  return error instanceof Error && (isHalfOpen(error) || [...names(error)].includes('KafkaJSRequestTimeoutError'));
}

/** kafkajs takes a broker for connected whose first answer never came, and then refuses to use it. */
function isHalfOpen(error: Error): boolean {
  return error.message === 'Broker not connected';
}

/** The error in Weir's terms: a code to switch on, and what to do. Other errors are returned as they are. */
export function kafkaError(error: unknown, doing: string): unknown {
  if (WeirError.is(error) || !isKafkaError(error)) return error;
  const type = kafkaErrorType(error);
  const { code, fix, retriable } = explain(error, type);
  const cause = error instanceof Error ? error.message : String(error);
  return new WeirError(code, `${doing}: ${cause}`, {
    cause: error,
    retriable,
    fix,
    ...(type === undefined ? {} : { details: { kafka: type } }),
  });
}

interface Explanation {
  readonly code: string;
  readonly fix: string;
  readonly retriable: boolean;
}

const final = (code: string, fix: string): Explanation => ({ code, fix, retriable: false });

const AUTH_FAILED = final('LOG_AUTH_FAILED', 'Check the SASL mechanism, the user name and the password or token.');
const ACCESS_DENIED = final('LOG_ACCESS_DENIED', 'Give this user the ACL that the message names.');
const UNSUPPORTED = final('LOG_UNSUPPORTED', 'Use Kafka 2.4 or newer, and zstd, gzip or no compression.');
const TLS_FAILED = final(
  'LOG_TLS_FAILED',
  'Give the certificate authority that signed the brokers, and their host names.',
);
const UNAVAILABLE: Explanation = {
  code: 'LOG_UNAVAILABLE',
  fix: 'Check that the brokers run and can be reached from here, and whether they expect TLS.',
  retriable: true,
};

const BY_TYPE: Readonly<Record<string, Explanation>> = {
  UNKNOWN_TOPIC_OR_PARTITION: final('LOG_UNKNOWN_TOPIC', 'Create the topic with ensureTopics.'),
  INVALID_TOPIC_EXCEPTION: final('LOG_UNKNOWN_TOPIC', 'Use a name that Kafka allows for a topic.'),
  SASL_AUTHENTICATION_FAILED: AUTH_FAILED,
  UNSUPPORTED_SASL_MECHANISM: AUTH_FAILED,
  ILLEGAL_SASL_STATE: AUTH_FAILED,
  TOPIC_AUTHORIZATION_FAILED: ACCESS_DENIED,
  GROUP_AUTHORIZATION_FAILED: ACCESS_DENIED,
  CLUSTER_AUTHORIZATION_FAILED: ACCESS_DENIED,
  MESSAGE_TOO_LARGE: final('LOG_RECORD_TOO_LARGE', 'Shorten it, or raise max.message.bytes of the topic.'),
  RECORD_LIST_TOO_LARGE: final('LOG_RECORD_TOO_LARGE', 'Shorten it, or raise segment.bytes of the topic.'),
  OFFSET_METADATA_TOO_LARGE: final('LOG_METADATA_TOO_LARGE', 'Shorten it, or raise offset.metadata.max.bytes.'),
  INVALID_GROUP_ID: final('LOG_INVALID_GROUP', 'Choose another name.'),
  INVALID_TIMESTAMP: final('LOG_REFUSED', 'Check the clock of this machine against that of the brokers.'),
  INVALID_RECORD: final('LOG_REFUSED', 'A compacted topic needs a key in each record.'),
  POLICY_VIOLATION: final('LOG_REFUSED', 'Ask who runs the cluster for the limits of its policy.'),
  INVALID_REPLICATION_FACTOR: final('LOG_INVALID_TOPIC', 'Ask for at most as many replicas as there are brokers.'),
  INVALID_CONFIG: final('LOG_INVALID_TOPIC', 'Correct the limit that the message names.'),
  UNSUPPORTED_VERSION: UNSUPPORTED,
  UNSUPPORTED_COMPRESSION_TYPE: UNSUPPORTED,
  CORRUPT_MESSAGE: final('LOG_CORRUPT', 'Check the disk and the memory of the brokers.'),
};

const BY_NAME: Readonly<Record<string, Explanation>> = {
  KafkaJSSASLAuthenticationError: AUTH_FAILED,
  KafkaJSNotImplemented: UNSUPPORTED,
  KafkaJSServerDoesNotSupportApiKey: UNSUPPORTED,
};

function explain(error: unknown, type: string | undefined): Explanation {
  const known = type === undefined ? undefined : BY_TYPE[type];
  if (known !== undefined) return known;
  for (const name of names(error)) if (BY_NAME[name] !== undefined) return BY_NAME[name];
  return isTlsCode(find(error, 'code') ?? '') ? TLS_FAILED : UNAVAILABLE;
}

function isTlsCode(code: string): boolean {
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|EPROTO/.test(code);
}

function find(error: unknown, field: 'type' | 'code'): string | undefined {
  for (const each of chain(error)) if (typeof each[field] === 'string') return each[field];
  return undefined;
}

function* names(error: unknown): Generator<string> {
  for (const each of chain(error)) if (typeof each['name'] === 'string') yield each['name'];
}

/** kafkajs keeps the first error as `originalError` or `cause`, several levels deep. */
function* chain(error: unknown): Generator<Record<string, unknown>> {
  let next: unknown = error;
  for (let depth = 0; depth < 8 && typeof next === 'object' && next !== null; depth += 1) {
    const current = next as Record<string, unknown>;
    yield current;
    next = current['originalError'] ?? current['cause'];
  }
}
