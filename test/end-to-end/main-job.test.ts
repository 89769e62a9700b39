import { describeMainJob } from '../support/describe-main-job.ts';
import { startWeir } from '../support/running-weir.ts';

describeMainJob('embedded', async (providerUrl) => {
  const weir = await startWeir(providerUrl);
  const loaderMetrics = async (): Promise<string> => (await fetch(`${weir.ingressUrl}/metrics`)).text();
  return { ...weir, sqlReadOnly: true, loaderMetrics };
});
