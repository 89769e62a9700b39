/** One ingress worker: the gateway on the shared port, appending to the log in its own thread of execution. */
import type { EventLog } from '@weir/event-log';
import { type Ingress, startIngress } from '@weir/ingress';
import { Releasers } from '@weir/kernel';
import { openCache } from '../open-cache.ts';
import { openAppender, openBareLog } from '../open-log.ts';
import { settingsWith } from '../settings.ts';
import { WEIR_VERSION } from '../version.ts';
import { needsMeter, openCallMeter } from './call-meter.ts';
import { configFromSupervisor, runChild } from './child-process.ts';
import { eventFraming } from './event-framing.ts';
import { followBudgets } from './follow-budgets.ts';
import { ingressConfig, routingConfig } from './ingress-config.ts';
import { openState } from './open-state.ts';
import { processTelemetry } from './process-telemetry.ts';

const settings = settingsWith(await configFromSupervisor());
const demoProvider = process.env['WEIR_INTERNAL_DEMO_PROVIDER'];
const telemetry = processTelemetry('ingress', settings.config);

await runChild('ingress', telemetry, async ({ metricsText, onConfig }) => {
  const releasers = new Releasers();
  try {
    const framing = await eventFraming(settings.config);
    const log = await openAppender(settings, telemetry.logger);
    releasers.add('log', () => log.close());
    const responseCache = await openCache(settings, (reason) =>
      telemetry.logger.warn({ reason }, 'the cache is away: calls go to the provider'),
    );
    releasers.add('cache', () => responseCache.close());
    const state = openState(settings, telemetry.logger);
    releasers.add('shared state', () => state.close());
    let meter = needsMeter(settings.config) ? await openCallMeter(settings, telemetry.logger) : undefined;
    const ingress = await startIngress(ingressConfig(settings.config, demoProvider), {
      appender: log,
      logger: telemetry.logger,
      metrics: telemetry.metrics,
      metricsText,
      responseCache,
      state,
      meter: () => meter,
      framing: framing.request,
      version: WEIR_VERSION,
    });
    releasers.add('ingress', () => ingress.stop());
    onConfig(async (config) => {
      if (meter === undefined && needsMeter(config)) meter = await openCallMeter(settings, telemetry.logger);
      ingress.value.reload(routingConfig(config, demoProvider));
    });
    if (Object.keys(settings.config.budgets).length > 0) {
      releasers.add('budget states', await startFollowing(log, ingress.value.budgetState));
    }
    return { value: { urls: { ingress: ingress.value.url } }, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
});

/** In the background: no call waits for where budgets stand. */
async function startFollowing(spool: EventLog, take: Ingress['budgetState']): Promise<() => Promise<void>> {
  const ending = new AbortController();
  let shared: EventLog | undefined;
  const open = async (): Promise<EventLog> => {
    if (settings.log.kind === 'embedded') return spool;
    shared ??= await openBareLog(settings, telemetry.logger);
    return shared;
  };
  const following = followBudgets(open, take, telemetry.logger, ending.signal);
  return async () => {
    ending.abort();
    await following;
    await shared?.close();
  };
}
