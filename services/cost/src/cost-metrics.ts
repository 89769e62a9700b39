import type { CostEvent } from '@weir/events';
import type { Metrics } from '@weir/telemetry';

/** What the cost service counts, by names of the Prometheus conventions. */
export interface CostMetrics {
  priced(cost: CostEvent): void;
  deadLettered(code: string): void;
}

export function createCostMetrics(metrics: Metrics): CostMetrics {
  const events = metrics.counter('weir_cost_events_total', 'Cost events made.', ['cost_source', 'usage_source']);
  const unpriced = metrics.counter('weir_cost_unpriced_total', 'Events whose cost is unknown.', ['reason']);
  const dead = metrics.counter('weir_cost_dead_letters_total', 'Records given up, by error code.', ['code']);
  return {
    priced(cost) {
      events.inc({ cost_source: cost.cost_source, usage_source: cost.usage_source });
      if (cost.cost_usd === null) unpriced.inc({ reason: cost.unpriced_reason });
    },
    deadLettered: (code) => dead.inc({ code }),
  };
}
