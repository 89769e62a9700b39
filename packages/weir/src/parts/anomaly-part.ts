import { startAnomaly } from '@weir/anomaly';
import { COST_GROUP } from '@weir/cost';
import { EVENTS } from '@weir/events';
import { ledgerHistory } from '../detection/ledger-history.ts';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const anomalyPart: Part = async ({ settings, log, logger, metrics, framing, warehouse }) => {
  const { anomalies, budgets, webhooks } = settings.config;
  const { history_days: days, history_rows: rows } = anomalies;
  const learns = days > 0 && rows > 0;
  const anomaly = await startAnomaly(
    { anomalies, budgets, webhooks },
    {
      log,
      logger,
      metrics,
      version: WEIR_VERSION,
      ...(learns ? { history: ledgerHistory({ days, rows, now: Date.now, log, warehouse }) } : {}),
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
