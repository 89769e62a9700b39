import { findKafka, sharedKafka } from '@weir/testkit';
import { describe, it } from 'vitest';
import { describeMainJob } from '../support/describe-main-job.ts';
import { startServices } from '../support/running-services.ts';

if (findKafka('the main job on Kafka') === undefined) {
  describe('the main job on Kafka', () => {
    it.skip('needs a Kafka: see the notice above', () => undefined);
  });
} else {
  describeMainJob('services around Kafka', async (providerUrl) => {
    const services = await startServices({ kafka: await sharedKafka(), providerUrl });
    const loaderMetrics = async (): Promise<string> =>
      `${await services.metricsOf('loader-1')}\n${await services.metricsOf('loader-2')}`;
    return { ...services, sqlReadOnly: false, loaderMetrics };
  });
}
