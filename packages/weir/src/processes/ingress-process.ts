/** One ingress worker: the gateway on the shared port, appending to the log in its own thread of execution. */
import { type IngressConfig, startIngress } from '@weir/ingress';
import { Releasers } from '@weir/kernel';
import { openAppender } from '../open-log.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { WEIR_VERSION } from '../version.ts';
import { runChild } from './child-process.ts';
import { demoProviders } from './demo-providers.ts';
import { eventFraming } from './event-framing.ts';
import { processTelemetry } from './process-telemetry.ts';

const settings = loadSettings(process.env['WEIR_INTERNAL_CONFIG_FILE']);
const telemetry = processTelemetry('ingress', settings.config);

await runChild('ingress', telemetry, async ({ metricsText }) => {
  const releasers = new Releasers();
  try {
    const framing = await eventFraming(settings.config);
    const log = await openAppender(settings, telemetry.logger);
    releasers.add('log', () => log.close());
    const ingress = await startIngress(ingressConfig(settings), {
      appender: log,
      logger: telemetry.logger,
      metrics: telemetry.metrics,
      metricsText,
      framing: framing.request,
      version: WEIR_VERSION,
    });
    releasers.add('ingress', () => ingress.stop());
    return { value: { urls: { ingress: ingress.value.url } }, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
});

function ingressConfig({ config }: Settings): Partial<IngressConfig> {
  const { ingress } = config;
  const demo = process.env['WEIR_INTERNAL_DEMO_PROVIDER'];
  return {
    host: ingress.host,
    port: ingress.port,
    captureHeadBytes: ingress.capture_head_bytes,
    captureTailBytes: ingress.capture_tail_bytes,
    captureBudgetBytes: ingress.capture_total_bytes,
    requestBodyBytesMax: ingress.request_body_bytes_max,
    keptBodyBytesMax: ingress.kept_body_bytes_max,
    retryAfterMaxMs: ingress.retry_after_max_ms,
    callsInFlightMax: ingress.calls_in_flight_max,
    connectTimeoutMs: ingress.connect_timeout_ms,
    firstByteTimeoutMs: ingress.first_byte_timeout_ms,
    idleTimeoutMs: ingress.idle_timeout_ms,
    drainTimeoutMs: ingress.drain_timeout_ms,
    drainBytes: ingress.drain_bytes,
    shutdownGraceMs: ingress.shutdown_grace_ms,
    ...(ingress.key_pepper === '' ? {} : { keyPepper: ingress.key_pepper }),
    gateways: Object.fromEntries(
      Object.entries({ default: { collect_payloads: true }, ...config.gateways }).map(([id, gateway]) => [
        id,
        { collectPayloads: gateway.collect_payloads },
      ]),
    ),
    providers: { ...baseUrls(config.providers), ...(demo === undefined ? {} : demoProviders(demo)) },
    customProviders: Object.fromEntries(
      Object.entries(config.custom_providers).map(([slug, { base_url, headers }]) => [
        slug,
        { baseUrl: base_url, headers },
      ]),
    ),
  };
}

function baseUrls(
  providers: Readonly<Record<string, { readonly base_url: string }>>,
): Record<string, { readonly baseUrl: string }> {
  return Object.fromEntries(Object.entries(providers).map(([slug, { base_url }]) => [slug, { baseUrl: base_url }]));
}
