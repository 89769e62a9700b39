/** One ingress worker: the gateway on the shared port, appending to the log in its own thread of execution. */
import { startIngress } from '@weir/ingress';
import { Releasers } from '@weir/kernel';
import { openCache } from '../open-cache.ts';
import { openAppender } from '../open-log.ts';
import { settingsWith } from '../settings.ts';
import { WEIR_VERSION } from '../version.ts';
import { configFromSupervisor, runChild } from './child-process.ts';
import { eventFraming } from './event-framing.ts';
import { ingressConfig, routingConfig } from './ingress-config.ts';
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
    const responseCache = await openCache(settings);
    releasers.add('cache', () => responseCache.close());
    const ingress = await startIngress(ingressConfig(settings.config, demoProvider), {
      appender: log,
      logger: telemetry.logger,
      metrics: telemetry.metrics,
      metricsText,
      responseCache,
      framing: framing.request,
      version: WEIR_VERSION,
    });
    releasers.add('ingress', () => ingress.stop());
    onConfig((config) => ingress.value.reload(routingConfig(config, demoProvider)));
    return { value: { urls: { ingress: ingress.value.url } }, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
});
