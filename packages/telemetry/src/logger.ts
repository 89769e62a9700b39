import { type DestinationStream, type Logger as PinoLogger, pino, stdSerializers } from 'pino';
import pretty from 'pino-pretty';

export type Logger = PinoLogger;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  /** Name of the process, on each line. */
  readonly name: string;
  readonly level: LogLevel;
  /** `pretty` for people, `json` for machines. */
  readonly format: 'pretty' | 'json';
  /** Where lines go; standard error by default, so that standard output stays for results. */
  readonly destination?: DestinationStream;
}

/** Key names whose values never reach a log line (I8), at the top level and one or two levels down. */
const SECRET_KEYS = [
  'authorization',
  'cf-aig-authorization',
  'x-api-key',
  'api-key',
  'api_key',
  'apiKey',
  'x-goog-api-key',
  'password',
  'secret',
  'token',
  'cookie',
  'set-cookie',
];

const REDACT_PATHS = SECRET_KEYS.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]);

/** A pino logger that writes synchronously to standard error: what was logged before a crash is there after it. */
export function createLogger(options: LoggerOptions): Logger {
  const base = {
    name: options.name,
    level: options.level,
    redact: { paths: REDACT_PATHS, censor: '[redacted]' },
    serializers: { error: stdSerializers.errWithCause, err: stdSerializers.errWithCause },
  };
  if (options.format === 'json') return pino(base, options.destination ?? pino.destination({ dest: 2, sync: true }));
  const stream = pretty({
    ignore: 'pid,hostname,name',
    messageFormat: '{name}: {msg}',
    translateTime: 'SYS:HH:MM:ss.l',
    colorize: process.stderr.isTTY === true,
    destination: options.destination ?? 2,
    sync: true,
  });
  return pino(base, stream);
}
