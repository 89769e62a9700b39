import type { Assignment, StoredRecord } from '@weir/event-log';
import type { CostAnomalyEvent, Dead, EventCodec } from '@weir/events';
import { backoffMs, type Clock, sleep, untilAccepted, WeirError } from '@weir/kernel';
import type { Handling } from '../actions/alert-rules.ts';
import { Allowance } from './allowance.ts';
import type { Alerts, Delivery, WebhookConfig } from './deliver.ts';
import { deliveryId } from './delivery-id.ts';

export interface WebhookWorkerDependencies {
  readonly name: string;
  readonly webhook: WebhookConfig;
  readonly codec: EventCodec<CostAnomalyEvent>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Back-off between tries. */
  readonly retry: { readonly baseMs: number; readonly capMs: number };
  /** Why people do not want to hear of an event, if they do not. */
  handlingOf(event: CostAnomalyEvent): Handling | undefined;
  onSilenced(event: CostAnomalyEvent, handling: Handling): void;
  deliver(alerts: Alerts, signal: AbortSignal): Promise<Delivery>;
  /** Resolves when the dead letters are durable. */
  bury(dead: readonly Dead[]): Promise<void>;
  onDelivered(alerts: number): void;
  onFailed(reason: string, attempt: number): void;
}

interface Wanted {
  readonly record: StoredRecord;
  readonly event: CostAnomalyEvent;
}

const READ_LIMITS = { maxRecords: 50, maxBytes: 4 * 1024 * 1024 };
const READ_WAIT_MS = 1_000;

/**
 * Sends one partition of weir.cost-anomalies to one webhook, in order, at least once: an event is committed past when
 * the receiver took it, or when its dead letter is durable. The newest delivered ids stand in the commit metadata, so that
 * what a crash upstream repeats is not sent again. With a wait, what comes within it is told by one call; a rate that is
 * used up makes events wait in the log.
 */
export async function runWebhookWorker(assignment: Assignment, dependencies: WebhookWorkerDependencies): Promise<void> {
  const { webhook, clock } = dependencies;
  const { signal } = assignment;
  const sent = new SentIds(assignment.committed?.metadata ?? '');
  const allowance = new Allowance(webhook.max_per_minute, () => clock.monotonic());
  while (!signal.aborted) {
    const { wanted, next } = await collect(assignment, sent, dependencies);
    for (const group of groupsOf(wanted, webhook)) {
      await sleep(allowance.take(), signal);
      if (signal.aborted) return;
      await send(group, signal, dependencies);
      if (signal.aborted) return;
      for (const { event } of group) sent.add(deliveryId(event));
      await assignment.commit((group.at(-1)?.record.offset ?? 0) + 1, sent.toMetadata());
    }
    if (next !== undefined && !signal.aborted) await assignment.commit(next, sent.toMetadata());
  }
}

/** The records that came, and where groups are asked for, those that come within the wait after the first that is wanted. */
async function collect(
  assignment: Assignment,
  sent: SentIds,
  dependencies: WebhookWorkerDependencies,
): Promise<{ wanted: Wanted[]; next: number | undefined }> {
  const { webhook, clock } = dependencies;
  const wanted: Wanted[] = [];
  const taken = new Set<string>();
  let next: number | undefined;
  let until: number | undefined;
  while (!assignment.signal.aborted) {
    const left = until === undefined ? READ_WAIT_MS : Math.min(READ_WAIT_MS, Math.max(0, until - clock.monotonic()));
    const records = await assignment.read({ ...READ_LIMITS, waitMs: left });
    for (const record of records) {
      next = record.offset + 1;
      const event = wantedOf(record, dependencies);
      if (event === undefined || sent.has(deliveryId(event)) || taken.has(deliveryId(event))) continue;
      taken.add(deliveryId(event));
      wanted.push({ record, event });
    }
    if (wanted.length > 0) until ??= clock.monotonic() + webhook.group_wait_ms;
    if (until === undefined || clock.monotonic() >= until || wanted.length >= webhook.group_max) break;
  }
  return { wanted, next };
}

/** In order; PagerDuty takes one event a call and groups by itself. */
function groupsOf(wanted: readonly Wanted[], { format, group_wait_ms, group_max }: WebhookConfig): Wanted[][] {
  const most = group_wait_ms === 0 || format === 'pagerduty' ? 1 : group_max;
  const groups: Wanted[][] = [];
  for (let at = 0; at < wanted.length; at += most) groups.push(wanted.slice(at, at + most));
  return groups;
}

function wantedOf(record: StoredRecord, dependencies: WebhookWorkerDependencies): CostAnomalyEvent | undefined {
  const { codec, webhook } = dependencies;
  let event: CostAnomalyEvent;
  try {
    event = codec.decode(record.value);
  } catch {
    // The loader reads the same topic and buries what cannot be read: once is enough.
    return undefined;
  }
  const ofKind = webhook.kinds.length === 0 || webhook.kinds.includes(event.kind);
  const severe = SEVERITIES.indexOf(event.severity) >= SEVERITIES.indexOf(webhook.min_severity);
  if (!ofKind || !severe || !webhook.events.includes(event.status)) return undefined;
  const handling = dependencies.handlingOf(event);
  if (handling === undefined) return event;
  dependencies.onSilenced(event, handling);
  return undefined;
}

const SEVERITIES = ['info', 'warning', 'critical'] as const;

async function send(
  group: readonly Wanted[],
  signal: AbortSignal,
  dependencies: WebhookWorkerDependencies,
): Promise<void> {
  const { webhook, name, retry, bury, codec, onDelivered, onFailed } = dependencies;
  const alerts = group.map(({ event }) => event) as unknown as Alerts;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const delivery = await dependencies.deliver(alerts, signal);
    if (delivery.kind === 'delivered') return onDelivered(alerts.length);
    if (signal.aborted) return;
    onFailed(delivery.reason, attempt);
    const last = attempt >= webhook.max_attempts;
    if (delivery.kind === 'refused' || last) {
      const error = givenUp(name, delivery, attempt);
      const dead = group.map(({ record }) => ({ record, error, fingerprint: codec.fingerprint }));
      await untilAccepted(() => bury(dead), signal);
      return;
    }
    await sleep(Math.max(backoffMs(attempt - 1, retry), delivery.afterMs ?? 0), signal);
  }
}

function givenUp(name: string, delivery: Exclude<Delivery, { kind: 'delivered' }>, attempts: number): WeirError {
  const code = delivery.kind === 'refused' ? 'WEBHOOK_REFUSED' : 'WEBHOOK_FAILED';
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`;
  if (code === 'WEBHOOK_REFUSED') return new WeirError('WEBHOOK_REFUSED', `webhook ${name}: ${delivery.reason}`);
  return new WeirError('WEBHOOK_FAILED', `webhook ${name}: ${delivery.reason} after ${tries}`);
}

/** Commit metadata holds 4,096 bytes; an id and its version take 39. */
const SENT_MAX = 90;

class SentIds {
  readonly #ids: Set<string>;

  constructor(metadata: string) {
    this.#ids = new Set(metadata.split(' ').filter((id) => id !== ''));
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > SENT_MAX && oldest !== undefined) this.#ids.delete(oldest);
  }

  toMetadata(): string {
    return [...this.#ids].join(' ');
  }
}
