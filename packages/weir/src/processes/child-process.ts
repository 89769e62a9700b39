import type { Config } from '@weir/config';
import { errorCode, errorMessage, type Started, WeirError } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import { type FromChild, isToChild } from './messages.ts';

const METRICS_TIMEOUT_MS = 2_000;

export interface ChildContext {
  /** Metrics of every process, from the supervisor; this process's own when it does not answer in time. */
  metricsText(): Promise<string>;
  /** Told of each configuration that comes after the one at the start. */
  onConfig(listener: (config: Config) => void | Promise<void>): void;
}

/** The configuration in force, from the supervisor: the file may have changed since, and need not be valid. */
export function configFromSupervisor(): Promise<Config> {
  return new Promise((resolve) => {
    const receive = (message: unknown): void => {
      if (!isToChild(message) || message.kind !== 'config') return;
      process.off('message', receive);
      resolve(message.config);
    };
    process.on('message', receive);
    process.send?.({ kind: 'config-request' } satisfies FromChild, undefined, undefined, () => undefined);
  });
}

/**
 * Runs one of the supervisor's processes: starts it, reports `ready` or why not, answers snapshot requests, and stops
 * on the supervisor's word, on a signal, or when the supervisor is gone.
 */
export async function runChild(
  name: string,
  telemetry: { readonly logger: Logger; readonly metrics: Metrics },
  start: (context: ChildContext) => Promise<Started<{ readonly urls: Readonly<Record<string, string>> }>>,
): Promise<void> {
  const { logger, metrics } = telemetry;
  const send = (message: FromChild): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const metricsRequests = createMetricsRequests(metrics, send);
  let early: Config | undefined;
  let takeConfig = (config: Config): void => {
    early = config;
  };
  const onConfig = (listener: (config: Config) => void | Promise<void>): void => {
    takeConfig = (config) => {
      // The supervisor has checked it: what fails here is an error of this process, and the old one stays in force.
      const failed = (error: unknown): void => logger.error({ error }, 'the new configuration was not taken');
      try {
        void Promise.resolve(listener(config)).catch(failed);
      } catch (error) {
        failed(error);
      }
    };
    if (early !== undefined) takeConfig(early);
  };
  let stopping = false;
  let started: Started<{ readonly urls: Readonly<Record<string, string>> }> | undefined;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.debug({ reason }, 'stopping');
    await started?.stop().catch((error: unknown) => logger.error({ error }, 'stop failed'));
    process.exit(0);
  };
  process.on('message', (message) => {
    if (!isToChild(message)) return;
    if (message.kind === 'stop') void stop('supervisor');
    else if (message.kind === 'metrics-text') metricsRequests.answer(message.id, message.text);
    else if (message.kind === 'config') takeConfig(message.config);
    else void metrics.snapshot().then((snapshot) => send({ kind: 'snapshot', id: message.id, snapshot }));
  });
  process.on('disconnect', () => void stop('supervisor gone'));
  // A terminal sends its interrupt to the whole group: the supervisor decides the order of the stop.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('unhandledRejection', (error) => {
    logger.fatal({ error }, 'unhandled rejection');
    process.exit(1);
  });

  try {
    started = await start({ metricsText: metricsRequests.ask, onConfig });
    send({ kind: 'ready', urls: started.value.urls });
    logger.debug({ process: name, urls: started.value.urls }, 'ready');
  } catch (error) {
    const fix = WeirError.is(error) ? error.fix : undefined;
    send({ kind: 'failed', code: errorCode(error), message: errorMessage(error), fix });
    logger.debug({ error }, 'did not start');
    process.exit(1);
  }
}

/** Asks the supervisor for the metrics of every process; its answer comes as a message. */
function createMetricsRequests(metrics: Metrics, send: (message: FromChild) => void) {
  const waiting = new Map<number, (text: string) => void>();
  let lastId = 0;
  const answer = (id: number, text: string | undefined): void => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    if (resolve === undefined) return;
    if (text === undefined) void metrics.text().then(resolve);
    else resolve(text);
  };
  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      lastId += 1;
      const id = lastId;
      const timer = setTimeout(() => answer(id, undefined), METRICS_TIMEOUT_MS);
      waiting.set(id, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      send({ kind: 'metrics-request', id });
    });
  return { ask, answer };
}
