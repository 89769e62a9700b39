import { sleep, WeirError } from '@weir/kernel';
import type { Admin, ITopicConfig } from 'kafkajs';
import type { TopicSpec } from '../../../event-log.ts';
import { kafkaError, kafkaErrorType } from '../client/kafka-errors.ts';
import { ConfigResourceTypes, ConfigSource } from '../client/kafkajs-internals.ts';
import { withAdmin } from '../client/short-lived.ts';
import type { KafkaSettings } from '../kafka-options.ts';

/** What a batch adds to one record of the largest size. */
const BATCH_OVERHEAD_BYTES = 64 * 1024;
const SETTLE_MS = 15_000;
/** The brokers' default. */
const BROKER_DEFAULT = -1;

/** Creates what is missing, adds partitions, and brings the limits of existing topics up to the specs. */
export async function ensureKafkaTopics(settings: KafkaSettings, specs: readonly TopicSpec[]): Promise<void> {
  await withAdmin(settings, 'ensuring topics', async (admin) => {
    const existing = await partitionCounts(admin);
    const missing = specs.filter(({ name }) => !existing.has(name));
    if (!settings.topics.manage) {
      if (missing.length > 0) throw unmanaged(missing);
      return;
    }
    await create(admin, settings, missing);
    for (const spec of specs) {
      const has = existing.get(spec.name);
      if (has !== undefined) await adapt(admin, settings, spec, has);
    }
    await settled(admin, specs);
  });
}

/** Partitions of each topic that is not Kafka's own. */
export async function partitionCounts(admin: Admin): Promise<Map<string, number>> {
  const { topics } = await admin.fetchTopicMetadata();
  return new Map(
    topics.filter(({ name }) => !name.startsWith('_')).map(({ name, partitions }) => [name, partitions.length]),
  );
}

/** The configuration of a topic as Kafka names it. */
export function topicConfig(spec: TopicSpec, partitions: number, settings: KafkaSettings): Record<string, string> {
  const { compressionType, protectedRetentionMs } = settings.topics;
  const isProtected = (spec.protectedGroups?.length ?? 0) > 0;
  // Kafka limits each partition, the specification the topic.
  const bytes = spec.retentionBytes === undefined ? -1 : Math.ceil(spec.retentionBytes / partitions);
  const ms = spec.retentionMs ?? -1;
  return {
    'cleanup.policy': spec.compact === true ? 'compact' : 'delete',
    'compression.type': compressionType,
    'max.message.bytes': String(settings.maxRecordBytes + BATCH_OVERHEAD_BYTES),
    'retention.bytes': String(isProtected ? -1 : bytes),
    'retention.ms': String(isProtected && ms >= 0 ? Math.max(ms, protectedRetentionMs) : ms),
  };
}

async function create(admin: Admin, settings: KafkaSettings, missing: readonly TopicSpec[]): Promise<void> {
  if (missing.length === 0) return;
  const { replicationFactor, minInsyncReplicas } = settings.topics;
  const topics = missing.map((spec): ITopicConfig => {
    const config = topicConfig(spec, spec.partitions, settings);
    if (minInsyncReplicas !== undefined) config['min.insync.replicas'] = String(minInsyncReplicas);
    return {
      topic: spec.name,
      numPartitions: spec.partitions,
      replicationFactor: replicationFactor ?? BROKER_DEFAULT,
      configEntries: entriesOf(config),
    };
  });
  try {
    // `settled` waits; kafkajs's own waiting takes a topic that a broker has not heard of yet for a failure.
    await admin.createTopics({ topics, waitForLeaders: false });
  } catch (error) {
    throw kafkaError(createTopicCause(error), `creating ${missing.map(({ name }) => name).join()}`);
  }
}

/** kafkajs gathers the errors of several topics; another process that was quicker is none. */
function createTopicCause(error: unknown): unknown {
  const errors = (error as { readonly errors?: readonly unknown[] }).errors ?? [error];
  return errors.find((each) => kafkaErrorType(each) !== 'TOPIC_ALREADY_EXISTS') ?? error;
}

async function adapt(admin: Admin, settings: KafkaSettings, spec: TopicSpec, has: number): Promise<void> {
  try {
    if (spec.partitions > has) await grow(admin, spec);
    await alterConfig(admin, settings, spec, Math.max(has, spec.partitions));
  } catch (error) {
    const mapped = kafkaError(error, `adapting ${spec.name}`);
    // Where topics are made by hand the brokers need not let a service change them; they are there, and that will do.
    if (WeirError.is(mapped) && mapped.code === 'LOG_ACCESS_DENIED') settings.onError(mapped);
    else throw mapped;
  }
}

async function grow(admin: Admin, { name, partitions }: TopicSpec): Promise<void> {
  try {
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: partitions }] });
  } catch (error) {
    // Another process was quicker.
    if (((await partitionCounts(admin)).get(name) ?? 0) < partitions) throw error;
  }
}

/** Altering replaces everything that is set on a topic, so what others have set is sent along. */
async function alterConfig(admin: Admin, settings: KafkaSettings, spec: TopicSpec, partitions: number): Promise<void> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: spec.name };
  const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
  const current: Record<string, string> = {};
  for (const { configName, configValue, configSource } of resources[0]?.configEntries ?? []) {
    if (configSource === ConfigSource.TOPIC_CONFIG) current[configName] = configValue;
  }
  const wanted = topicConfig(spec, partitions, settings);
  if (Object.entries(wanted).every(([name, value]) => current[name] === value)) return;
  const configEntries = entriesOf({ ...current, ...wanted });
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
}

/** Brokers learn of a change one after the other. */
async function settled(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const counts = await partitionCounts(admin);
    if (specs.every(({ name, partitions }) => (counts.get(name) ?? 0) >= partitions)) return;
    if (Date.now() > deadline) return;
    await sleep(50);
  }
}

function entriesOf(config: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }));
}

function unmanaged(missing: readonly TopicSpec[]): WeirError {
  const names = missing.map(({ name, partitions }) => `${name} (${partitions} partitions)`);
  return new WeirError('LOG_UNKNOWN_TOPIC', `these topics do not exist: ${names.join(', ')}`, {
    fix: 'Create them as infra/kafka/topics.yaml says.',
  });
}
