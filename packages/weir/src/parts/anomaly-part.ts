import { startAnomaly } from '@weir/anomaly';
import { COST_GROUP } from '@weir/cost';
import { EVENTS } from '@weir/events';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const anomalyPart: Part = async ({ settings, log, logger, metrics, framing }) => {
  const { anomalies, budgets, webhooks } = settings.config;
  const anomaly = await startAnomaly(
    { anomalies, budgets, webhooks },
    {
      log,
      logger,
      metrics,
      version: WEIR_VERSION,
      upstream: { group: COST_GROUP, topic: EVENTS.request.topic },
      framing: {
        anomaly: framing['cost-anomaly'],
        state: framing['budget-state'],
        deadLetter: framing['dead-letter'],
      },
    },
  );
  return { value: {}, stop: () => anomaly.stop() };
};
