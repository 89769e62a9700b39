import { startTracer } from '@weir/tracer';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

/** Does nothing without an address. */
export const tracerPart: Part = async ({ settings, log, logger, metrics }) => {
  const { url, headers, service_name, batch_spans, timeout_ms } = settings.config.otel;
  if (url === '') return { value: {}, stop: async () => undefined };
  const tracer = await startTracer(
    { url, headers, serviceName: service_name, batchSpans: batch_spans, timeoutMs: timeout_ms },
    { log, logger, metrics, version: WEIR_VERSION },
  );
  return { value: {}, stop: () => tracer.stop() };
};
