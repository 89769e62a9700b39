import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { EVENTS } from '@weir/events';
import { startIngress } from '../service.ts';

/** An ingress in a process of its own, to be killed: arguments are the log's directory and the provider's URL. */
const [directory = '', upstreamUrl = ''] = process.argv.slice(2);
const nothing = (): void => undefined;

const log = openEmbeddedLog({ directory });
await log.ensureTopics([{ name: EVENTS.request.topic, partitions: 2 }]);
const { value } = await startIngress(
  { port: 0, customProviders: { up: { baseUrl: upstreamUrl } } },
  {
    appender: log,
    logger: { isLevelEnabled: () => false, debug: nothing, info: nothing, warn: nothing, error: nothing },
    metrics: {
      counter: () => ({ inc: nothing, series: () => ({ inc: nothing }) }),
      histogram: () => ({ observe: nothing, series: () => ({ observe: nothing }) }),
      gauge: () => ({ set: nothing }),
    },
    metricsText: () => Promise.resolve(''),
    version: '0.0.0-test',
  },
);
process.stdout.write(`${value.url}\n`);
