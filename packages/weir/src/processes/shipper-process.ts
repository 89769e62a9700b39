/** Moves this machine's spool to the log that all machines share, beside the ingress workers that write it. */
import type { EventLog } from '@weir/event-log';
import { startShipper } from '@weir/ingress';
import { Releasers } from '@weir/kernel';
import { openAppender, openLog } from '../open-log.ts';
import { settingsWith } from '../settings.ts';
import { untilReachable } from '../until-reachable.ts';
import { configFromSupervisor, runChild } from './child-process.ts';
import { processTelemetry } from './process-telemetry.ts';

const settings = settingsWith(await configFromSupervisor());
const telemetry = processTelemetry('shipper', settings.config);

await runChild('shipper', telemetry, async () => {
  const { logger, metrics } = telemetry;
  const releasers = new Releasers();
  const ending = new AbortController();
  const spool = await openAppender(settings, logger);
  releasers.add('spool', () => spool.close());
  const ship = async (log: EventLog): Promise<void> => {
    releasers.add('log', () => log.close());
    const shipper = await startShipper({ spool, log, logger, metrics });
    releasers.add('shipper', () => shipper.stop());
  };
  // Ready at once: the ingress takes calls while the log is away.
  const shipping = untilReachable('the event log', logger, () => openLog(settings, logger), ending.signal)
    .then(ship)
    .catch((error: unknown) => {
      if (ending.signal.aborted) return;
      logger.fatal({ error }, 'the shipper cannot reach the log');
      process.exit(1);
    });
  return {
    value: { urls: {} },
    async stop() {
      ending.abort();
      await shipping;
      await releasers.stop();
    },
  };
});
