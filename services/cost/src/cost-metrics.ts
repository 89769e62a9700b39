import type { CostEvent } from '@weir/events';
import type { Metrics } from '@weir/telemetry';

/** What the cost service counts, by names of the Prometheus conventions. */
export interface CostMetrics {
  priced(cost: CostEvent): void;
  deadLettered(code: string): void;
  /** Usage that several answers show: booked here, booked elsewhere, or not booked, and why. */
  claimed(result: string): void;
}

export interface UnpricedModel {
  readonly provider: string;
  readonly model: string;
  readonly reason: string;
}

/** Models come from traffic, so that their number is anyone's to choose: further ones share one label. */
const UNPRICED_MODELS_MAX = 200;
const OTHER: UnpricedModel = { provider: 'other', model: 'other', reason: 'other' };

/** @param onUnpricedModel hears of each model without a price once. */
export function createCostMetrics(metrics: Metrics, onUnpricedModel: (model: UnpricedModel) => void): CostMetrics {
  const events = metrics.counter('weir_cost_events_total', 'Cost events made.', ['cost_source', 'usage_source']);
  const unpriced = metrics.counter('weir_cost_unpriced_total', 'Events whose cost is unknown.', ['reason']);
  const models = metrics.counter('weir_cost_unpriced_models_total', 'Events of models without a price.', [
    'provider',
    'model',
    'reason',
  ]);
  const flags = metrics.counter('weir_cost_flags_total', 'Rules that usage or price broke, by flag.', ['flag']);
  const told = metrics.counter(
    'weir_cost_reported_total',
    "Events whose provider told the cost, by how the book's figure compares: same, differs, unknown.",
    ['provider', 'verdict'],
  );
  const dead = metrics.counter('weir_cost_dead_letters_total', 'Records given up, by error code.', ['code']);
  const claims = metrics.counter(
    'weir_cost_claims_total',
    'Answers whose usage others may show too, by what became of it: own, elsewhere, or why it is not booked.',
    ['result'],
  );
  const seen = new Set<string>();
  const labelsOf = (found: UnpricedModel): UnpricedModel => {
    const key = JSON.stringify(found);
    if (seen.has(key)) return found;
    if (seen.size >= UNPRICED_MODELS_MAX) return OTHER;
    seen.add(key);
    onUnpricedModel(found);
    return found;
  };
  return {
    priced(cost) {
      events.inc({ cost_source: cost.cost_source, usage_source: cost.usage_source });
      for (const flag of cost.usage_flags) flags.inc({ flag: wordOf(flag) });
      for (const flag of cost.cost_flags) flags.inc({ flag: wordOf(flag) });
      if (cost.cost_reported_usd !== null) told.inc({ provider: cost.provider.slice(0, 64), verdict: verdictOf(cost) });
      if (cost.cost_usd !== null) return;
      unpriced.inc({ reason: cost.unpriced_reason });
      const model = cost.response_model || cost.request_model;
      if (cost.cost_lines.length === 0 || model === '') return;
      const { provider, unpriced_reason: reason } = cost;
      models.inc({ ...labelsOf({ provider, model: model.slice(0, 200), reason }) });
    },
    deadLettered: (code) => dead.inc({ code }),
    claimed: (result) => claims.inc({ result }),
  };
}

/** Whether the book's lines come to what the provider told, within the tenth of a percent that `reported_differs` allows. */
function verdictOf({ cost_flags: flags, cost_lines: lines }: CostEvent): 'same' | 'differs' | 'unknown' {
  if (flags.includes('reported_differs')) return 'differs';
  return lines.length === 0 || lines.some((line) => line.amount_usd === null) ? 'unknown' : 'same';
}

/** A flag without the value that some carry: `image_size:1024x1024`. */
function wordOf(flag: string): string {
  const colon = flag.indexOf(':');
  return colon < 0 ? flag : flag.slice(0, colon);
}
