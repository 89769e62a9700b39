/** One ingress process on the embedded log, everything on: capture, hashing, metadata, durable event before the last byte. */

import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { EVENTS } from '@weir/events';
import { startIngress } from '@weir/ingress';
import { createLogger, createMetrics } from '@weir/telemetry';

const [upstream = '', directory = ''] = process.argv.slice(2);
const log = await openEmbeddedLog({ directory });
await log.ensureTopics([{ name: EVENTS.request.topic, partitions: 1, maxBytes: 16 * 1024 ** 3 }]);
const metrics = createMetrics();
const ingress = await startIngress(
  { host: '127.0.0.1', port: 0, providers: { openai: { baseUrl: upstream } } },
  {
    appender: log,
    logger: createLogger({ name: 'bench', level: 'warn', format: 'json' }),
    metrics,
    metricsText: () => metrics.text(),
    version: 'bench',
  },
);
console.log(`ready ${new URL(ingress.value.url).port}`);
process.on('SIGTERM', () => {
  void ingress
    .stop()
    .then(() => log.close())
    .then(() => process.exit(0));
});
