import { readFileSync } from 'node:fs';
import type { Config } from '@weir/config';
import type { EventLog } from '@weir/event-log';
import { type EmbeddedLog, openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { brokersFromUrl, type KafkaLogOptions, openKafkaLog } from '@weir/event-log/drivers/kafka';
import { REFUSED_TOPIC, SHIPPER_GROUP } from '@weir/ingress';
import type { Logger } from '@weir/telemetry';
import { fetchClientToken } from './fetch-client-token.ts';
import { localLogDirectory, type Settings } from './settings.ts';
import { topicSpecs } from './topics.ts';

/** Opens the log that every service shares, with its topics. @throws WeirError `LOG_*`. */
export async function openLog(settings: Settings, logger: Logger): Promise<EventLog> {
  const log = await openBareLog(settings, logger);
  try {
    await log.ensureTopics(topicSpecs(settings.config));
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** As `openLog`, for looking: makes no topic. */
export async function openBareLog(settings: Settings, logger: Logger): Promise<EventLog> {
  const { config, log } = settings;
  if (log.kind === 'embedded') return openEmbedded(settings, logger);
  return openKafkaLog({ brokers: brokersFromUrl(log.url), ...kafkaOptions(config), ...kafkaReports(logger) });
}

/**
 * Opens what the ingress appends to: the embedded log itself, or the spool in front of Kafka, which keeps what the
 * shipper has not moved yet.
 */
export async function openAppender(settings: Settings, logger: Logger): Promise<EmbeddedLog> {
  const log = openEmbedded(settings, logger);
  const specs = topicSpecs(settings.config);
  if (settings.log.kind === 'embedded') {
    await log.ensureTopics(specs);
    return log;
  }
  const requests = specs.find(({ name }) => name === 'weir.requests');
  if (requests === undefined) throw new Error('weir.requests has no topic spec');
  const { name, maxBytes = 0 } = requests;
  await log.ensureTopics([
    // What is in Kafka need not stay here.
    { name, partitions: 1, retentionMs: 1_000, retentionBytes: 1, maxBytes, protectedGroups: [SHIPPER_GROUP] },
    { name: REFUSED_TOPIC, partitions: 1, maxBytes },
  ]);
  return log;
}

function openEmbedded(settings: Settings, logger: Logger): EmbeddedLog {
  return openEmbeddedLog({
    directory: localLogDirectory(settings),
    fsyncIntervalMs: settings.config.log.fsync_ms,
    onError: (error) => logger.error({ error }, 'background work of the log failed'),
  });
}

function kafkaOptions({ log: { kafka } }: Config): Omit<KafkaLogOptions, 'brokers'> {
  const ca = kafka.tls_ca_file === '' ? undefined : readFileSync(kafka.tls_ca_file, 'utf8');
  return {
    clientId: kafka.client_id,
    ssl: kafka.tls ? (ca === undefined ? true : { ca }) : false,
    ...saslOptions(kafka),
    group: {
      sessionTimeoutMs: kafka.session_timeout_ms,
      rebalanceTimeoutMs: kafka.session_timeout_ms * 2,
      heartbeatMs: Math.min(3_000, kafka.session_timeout_ms / 5),
    },
    topics: {
      prefix: 'weir.',
      manage: kafka.manage_topics,
      ...(kafka.replication_factor === 0 ? {} : { replicationFactor: kafka.replication_factor }),
    },
  };
}

function saslOptions({
  sasl,
  username,
  password,
  token_url,
  token_scope,
}: Config['log']['kafka']): Pick<KafkaLogOptions, 'sasl'> {
  switch (sasl) {
    case 'plain':
    case 'scram-sha-256':
    case 'scram-sha-512':
      return { sasl: { mechanism: sasl, username, password } };
    case 'oauthbearer': {
      const client = { url: token_url, id: username, secret: password, scope: token_scope };
      return { sasl: { mechanism: sasl, token: () => fetchClientToken(client) } };
    }
    default:
      return {};
  }
}

/** What kafkajs calls an error is often passing: the driver reports those that matter by itself. */
const kafkaReports = (logger: Logger): Pick<KafkaLogOptions, 'onError' | 'onLog'> => ({
  onError: (error) => logger.warn({ error }, 'Kafka'),
  onLog: ({ message, ...details }) => logger.debug(details, message),
});
