import { startAnomaly } from '@weir/anomaly';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const anomalyPart: Part = async ({ settings, log, logger, metrics, framing }) => {
  const { budgets, webhooks } = settings.config;
  const anomaly = await startAnomaly(
    { budgets, webhooks },
    {
      log,
      logger,
      metrics,
      version: WEIR_VERSION,
      framing: {
        anomaly: framing['cost-anomaly'],
        state: framing['budget-state'],
        deadLetter: framing['dead-letter'],
      },
    },
  );
  return { value: {}, stop: () => anomaly.stop() };
};
