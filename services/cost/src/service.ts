import type { EventLog, Subscription } from '@weir/event-log';
import { createCodec, createGravedigger, EVENTS, type Framing } from '@weir/events';
import { errorCode, type Started } from '@weir/kernel';
import type { PriceBook } from '@weir/pricing';
import type { Logger, Metrics } from '@weir/telemetry';
import { startUsageClaims } from './claims/usage-claims.ts';
import { createCostMetrics } from './cost-metrics.ts';
import { runCostWorker } from './cost-worker.ts';
import { withEstimate } from './estimate/estimate-usage.ts';
import { createTokenizer } from './estimate/tokenizer.ts';

/** The consumer group that turns requests into costs. */
export const COST_GROUP = 'weir-cost';

export interface CostDependencies {
  readonly log: EventLog;
  readonly book: PriceBook;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly now?: () => number;
  /** Whether tokens are counted here when a provider sent no usage; true by default. */
  readonly estimateUsage?: boolean;
  /** Framing of cost and dead-letter events; single-object by default. */
  readonly framing?: { readonly cost: Framing; readonly deadLetter: Framing };
}

/** Starts the cost service: weir.requests in, weir.costs (and weir.dead-letters) out. */
export async function startCost(dependencies: CostDependencies): Promise<Started<Subscription>> {
  const { log, logger } = dependencies;
  const metrics = createCostMetrics(dependencies.metrics, (model) =>
    logger.warn(model, 'a model in traffic has no price; add it to cost.price_terms or to the price book'),
  );
  const bury = createGravedigger({
    service: 'cost',
    version: dependencies.version,
    now: dependencies.now ?? Date.now,
    framing: dependencies.framing?.deadLetter,
    append: (topic, records) => log.append(topic, records),
    onBuried(place, error) {
      metrics.deadLettered(errorCode(error));
      logger.error({ record: place, error }, 'record sent to weir.dead-letters');
    },
  });
  const tokenizer = dependencies.estimateUsage === false ? undefined : createTokenizer();
  const claims = startUsageClaims({
    log,
    onError: (error) => logger.error({ error }, 'weir.usage-claims cannot be read; it is tried again'),
  });
  const subscription = await log.subscribe({
    group: COST_GROUP,
    topics: [EVENTS.request.topic],
    onAssigned: (assignment) =>
      runCostWorker(assignment, {
        log,
        book: dependencies.book,
        requests: createCodec('request'),
        costs: createCodec('cost', dependencies.framing?.cost),
        metrics,
        claims,
        estimate: async (event, facts) => (tokenizer === undefined ? facts : withEstimate(event, facts, tokenizer)),
        bury,
      }),
    onError: (error, { topic, partition }) => logger.error({ topic, partition, error }, 'cost worker restarts'),
  });
  return {
    value: subscription,
    async stop() {
      await subscription.stop();
      await claims.stop();
      await tokenizer?.close();
    },
  };
}
