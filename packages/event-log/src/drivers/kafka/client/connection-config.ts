import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';
import type { KafkaLogEntry, KafkaSasl, KafkaSettings } from '../kafka-options.ts';
import type { SocketFactory } from './kafkajs-internals.ts';

const KEEP_ALIVE_MS = 60_000;
const LEVELS: Readonly<Record<number, KafkaLogEntry['level']>> = {
  [logLevel.ERROR]: 'error',
  [logLevel.WARN]: 'warn',
  [logLevel.INFO]: 'info',
  [logLevel.DEBUG]: 'debug',
};

/** Few and quick: this driver's own loops try again, and know until when. */
export const RETRY = { retries: 1, initialRetryTime: 100, maxRetryTime: 500, factor: 0.2, multiplier: 2 } as const;

/** What kafkajs's public parts take. */
export function connectionConfig(settings: KafkaSettings, sockets: Set<Socket>): KafkaConfig {
  const ssl = tlsOptions(settings);
  const { sasl } = settings;
  return {
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    connectionTimeout: settings.connectTimeoutMs,
    authenticationTimeout: settings.connectTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    retry: RETRY,
    socketFactory: trackedSockets(sockets) as NonNullable<KafkaConfig['socketFactory']>,
    logLevel: settings.onLog === undefined ? logLevel.NOTHING : logLevel.INFO,
    logCreator: () => (entry) => settings.onLog?.(logEntry(entry)),
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
  };
}

function tlsOptions({ ssl }: KafkaSettings): ConnectionOptions | undefined {
  if (ssl === false) return undefined;
  return ssl === true ? {} : ssl;
}

/** A new object each time, because kafkajs keeps the state of one client in it. */
function saslOptions(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl };
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) };
}

/** kafkajs cannot be told to drop everything at once; whoever owns its sockets can. */
function trackedSockets(sockets: Set<Socket>): SocketFactory {
  return ({ host, port, ssl, onConnect }) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket =
      ssl === undefined || ssl === null
        ? connectTcp({ host, port }, onConnect)
        : connectTls({ host, port, ...servername, ...ssl }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
}

/** Names and messages only: never what was sent. */
function logEntry({ level, log }: LogEntry): KafkaLogEntry {
  const { broker, groupId } = log as { readonly broker?: unknown; readonly groupId?: unknown };
  return {
    level: LEVELS[level] ?? 'debug',
    message: log.message,
    ...(typeof broker === 'string' ? { broker } : {}),
    ...(typeof groupId === 'string' ? { group: groupId } : {}),
  };
}
