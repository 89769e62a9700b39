/**
 * Anomaly: detection and budgets over the cost events, and webhooks for what they say.
 *
 *   weir.costs ──┬▶ sighting worker ─▶ weir.anomaly-log ──▶ detection keeper ─▶ weir.cost-anomalies ──▶ webhook workers
 *   (n partitions)│   one each          (1 partition)        one in all        ▲
 *                └▶ spend worker ────▶ weir.budget-log ──▶ book keeper ────────┴──▶ weir.budget-states
 *
 * Calls of one stream, user or key lie in all partitions of weir.costs (the gateway spreads them), so a detector of one
 * partition would see a part of each: a loop of twenty calls a minute would be five of four detectors, and a price
 * would be learnt four times. What a detector reads of a call is small (some 150 bytes), and one of them takes several
 * hundred thousand calls a second, more than one log partition does. So detection has the design of budgets: one order,
 * one detector, its state a function of that order alone, time too, which each partition tells as it has read everything
 * there is (a tick). An attempt waits until all partitions have told a time that is later by `anomalies.late_ms`.
 *
 * A budget spans the partitions of weir.costs, and each of those may be another process's. So what counts (matched,
 * without repeats) is put into one order by an internal topic with one partition, and the state of all budgets is a pure
 * function of that topic: sums, alerts, versions, and time too, which enters it as ticks. Each entry carries its
 * partition and offset in weir.costs, rising along each, so an entry that a crash, a rebalance or an owner who does not
 * know yet that it is none appends again is dropped exactly. Snapshots lie in the same topic; the commit of the offset
 * they reach names them. A restart is: snapshot, replay, go on. What is published again then is the same to the byte.
 *
 * One book is enough: decoding and matching scale with partitions, and it takes 200,000 entries a second (measured with
 * three budgets, one of 5,000 scopes, on one core).
 */
import type { Config } from '@weir/config';
import { type Budget, type BudgetDefinition, compileBudgets } from '@weir/detectors';
import type { EventLog, Subscription } from '@weir/event-log';
import { createCodec, createGravedigger, EVENTS, type Framing } from '@weir/events';
import { type Clock, errorCode, Releasers, type Started, systemClock } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import { AlertRules } from './actions/alert-rules.ts';
import { followActions } from './actions/follow-actions.ts';
import { type AnomalyMetrics, createAnomalyMetrics } from './anomaly-metrics.ts';
import { type BookKeeperLimits, runBookKeeper } from './budgets/book-keeper.ts';
import { anomalyEvent, budgetStateEvent } from './budgets/budget-events.ts';
import { BUDGET_LOG_TOPIC } from './budgets/budget-log-codec.ts';
import { runSpendWorker } from './budgets/spend-worker.ts';
import type { SightingHistory } from './detection/detection-keeper.ts';
import { startDetection } from './detection/start-detection.ts';
import { checkWebhook } from './webhooks/check-webhook.ts';
import { deliver, type WebhookConfig } from './webhooks/deliver.ts';
import { runWebhookWorker } from './webhooks/webhook-worker.ts';

/** Consumer groups of the anomaly service. */
export const ANOMALY_GROUPS = { spend: 'weir-budget-spend', book: 'weir-budget-book' } as const;

/** The group of a webhook: its own position, so that a slow one holds back no other. */
export const webhookGroup = (name: string): string => `weir-webhook-${name}`;

export interface AnomalyConfig {
  /** Undefined: no detection. */
  readonly anomalies?: Config['anomalies'] | undefined;
  readonly budgets: Readonly<Record<string, BudgetDefinition>>;
  readonly webhooks: Config['webhooks'];
  /** Default: what is right for an installation; tests are in more of a hurry. */
  readonly limits?: Partial<BookKeeperLimits>;
  readonly webhookRetry?: { readonly baseMs: number; readonly capMs: number };
}

export interface AnomalyDependencies {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly clock?: Clock;
  /** What detection learns from when it has no state yet. */
  readonly history?: SightingHistory;
  /** The group that turns requests into costs, and what it reads. */
  readonly upstream?: { readonly group: string; readonly topic: string };
  /** Framing of the events it makes; single-object by default. */
  readonly framing?: { readonly anomaly: Framing; readonly state: Framing; readonly deadLetter: Framing };
}

const DAY_MS = 86_400_000;
const LIMITS: BookKeeperLimits = { lateMs: DAY_MS, publishMs: 1_000, snapshotMs: 10_000 };
const WEBHOOK_RETRY = { baseMs: 1_000, capMs: 300_000 };
const IDS_REMEMBERED = 10_000;

/** Starts what is configured. @throws WeirError `BUDGET_INVALID`, `WEBHOOK_INVALID`, `ANOMALY_TIME_ZONE`. */
export async function startAnomaly(
  config: AnomalyConfig,
  dependencies: AnomalyDependencies,
): Promise<Started<readonly Subscription[]>> {
  const budgets = compileBudgets(config.budgets);
  const metrics = createAnomalyMetrics(dependencies.metrics);
  const releasers = new Releasers();
  const subscriptions: Subscription[] = [];
  const started = async (starting: Promise<Subscription>): Promise<void> => {
    const subscription = await starting;
    subscriptions.push(subscription);
    releasers.add('subscription', () => subscription.stop());
  };
  try {
    // Before the budgets: a new webhook is told of everything from now on.
    const told =
      Object.keys(config.webhooks).length > 0 ? followActions(dependencies.log, dependencies.logger) : undefined;
    if (told !== undefined) releasers.add('alert actions', () => told.stop());
    await told?.value.known;
    for (const [name, webhook] of Object.entries(config.webhooks)) {
      checkWebhook(name, webhook);
      const rules = told?.value.rules ?? new AlertRules();
      await started(subscribeWebhook({ name, webhook, rules, retry: config.webhookRetry }, dependencies, metrics));
    }
    if (budgets.length > 0) {
      await started(subscribeBook(budgets, { ...LIMITS, ...config.limits }, dependencies, metrics));
      await started(subscribeSpend(budgets, dependencies, metrics));
    }
    if (config.anomalies?.enabled === true) {
      const { framing, clock = systemClock } = dependencies;
      const parts = { ...dependencies, metrics, clock, framing: framing?.anomaly };
      for (const subscription of await startDetection(config.anomalies, parts))
        await started(Promise.resolve(subscription));
    }
  } catch (error) {
    await releasers.stop();
    throw error;
  }
  return { value: subscriptions, stop: () => releasers.stop() };
}

function subscribeSpend(
  budgets: readonly Budget[],
  { log, logger }: AnomalyDependencies,
  metrics: AnomalyMetrics,
): Promise<Subscription> {
  const topic = EVENTS.cost.topic;
  return log.subscribe({
    group: ANOMALY_GROUPS.spend,
    topics: [topic],
    onAssigned: (assignment) =>
      runSpendWorker(assignment, {
        budgets,
        codec: createCodec('cost'),
        idsRemembered: IDS_REMEMBERED,
        startOffset: async (partition) => {
          const lags = await log.lag(ANOMALY_GROUPS.spend, topic);
          return lags.find((lag) => lag.partition === partition)?.startOffset ?? 0;
        },
        append: (records) => log.append(BUDGET_LOG_TOPIC, records),
        onIgnored: (reason) => metrics.ignored(reason),
      }),
    onError: (error, place) => logger.error({ ...place, error }, 'budget spend worker restarts'),
  });
}

function subscribeBook(
  budgets: readonly Budget[],
  limits: BookKeeperLimits,
  { log, logger, framing, clock }: AnomalyDependencies,
  metrics: AnomalyMetrics,
): Promise<Subscription> {
  const anomalies = createCodec('cost-anomaly', framing?.anomaly);
  const states = createCodec('budget-state', framing?.state);
  const told = new Set<string>();
  return log.subscribe({
    group: ANOMALY_GROUPS.book,
    topics: [BUDGET_LOG_TOPIC],
    onAssigned: (assignment) =>
      runBookKeeper(assignment, {
        budgets,
        limits,
        clock: clock ?? systemClock,
        append: (records) => log.append(BUDGET_LOG_TOPIC, records),
        async publishAlerts(alerts) {
          const events = alerts.map(anomalyEvent);
          const records = events.map((event) => ({ key: event.anomaly_id, value: anomalies.encode(event) }));
          await log.append(EVENTS['cost-anomaly'].topic, records);
          for (const [index, alert] of alerts.entries()) {
            metrics.alerted(alert);
            logger.info({ status: alert.status, budget: alert.budget.id }, events[index]?.message ?? '');
          }
        },
        publishStandings: (standings) => {
          const records = standings.map((standing) => ({
            key: standing.scopeKey,
            value: states.encode(budgetStateEvent(standing)),
          }));
          return log.append(EVENTS['budget-state'].topic, records);
        },
        onNotices(notices) {
          for (const { kind, budget } of notices) {
            if (kind === 'late') metrics.late(budget.id);
            else metrics.overflowed(budget.id);
            if (told.has(`${kind} ${budget.id}`)) continue;
            told.add(`${kind} ${budget.id}`);
            logger.warn({ budget: budget.id, max_scopes: budget.scopesMax }, NOTICE_TEXT[kind]);
          }
        },
        onBook: (book) => metrics.keep(book),
      }),
    onError: (error, place) => logger.error({ ...place, error }, 'budget book keeper restarts'),
  });
}

const NOTICE_TEXT = {
  late: 'an event came too late for its period of the budget and is not counted; said once, see weir_budget_late_total',
  overflow: 'more combinations than max_scopes: further ones are counted together, without alerts; said once',
} as const;

interface NamedWebhook {
  readonly name: string;
  readonly webhook: WebhookConfig;
  readonly rules: AlertRules;
  readonly retry: AnomalyConfig['webhookRetry'];
}

function subscribeWebhook(
  { name, webhook, rules, retry }: NamedWebhook,
  { log, logger, version, framing, clock = systemClock }: AnomalyDependencies,
  metrics: AnomalyMetrics,
): Promise<Subscription> {
  const bury = createGravedigger({
    service: 'anomaly',
    version,
    now: () => clock.now(),
    framing: framing?.deadLetter,
    append: (topic, records) => log.append(topic, records),
    onBuried(record, error) {
      metrics.deadLettered(errorCode(error));
      logger.error({ webhook: name, record, error }, 'alert not delivered; sent to weir.dead-letters');
    },
  });
  return log.subscribe({
    group: webhookGroup(name),
    topics: [EVENTS['cost-anomaly'].topic],
    from: 'latest',
    onAssigned: (assignment) =>
      runWebhookWorker(assignment, {
        name,
        webhook,
        codec: createCodec('cost-anomaly', framing?.anomaly),
        retry: retry ?? WEBHOOK_RETRY,
        clock,
        handlingOf: (event) => rules.handlingOf(event, clock.now()),
        onSilenced(event, handling) {
          metrics.silenced(name, handling);
          logger.info({ webhook: name, alert: event.anomaly_id, handling }, 'alert not sent');
        },
        deliver: (alerts, signal) => deliver(webhook, alerts, { version, now: () => clock.now(), signal }),
        bury,
        onDelivered: (alerts) => metrics.delivered(name, alerts),
        onFailed(reason, attempt) {
          metrics.webhookFailed(name, reason);
          logger.warn({ webhook: name, reason, attempt }, 'webhook call failed');
        },
      }),
    onError: (error, place) => logger.error({ webhook: name, ...place, error }, 'webhook worker restarts'),
  });
}
