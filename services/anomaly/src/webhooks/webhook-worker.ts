import type { Assignment, StoredRecord } from '@weir/event-log';
import type { CostAnomalyEvent, Dead, EventCodec } from '@weir/events';
import { backoffMs, sleep, untilAccepted, WeirError } from '@weir/kernel';
import { type Delivery, deliveryId, type WebhookConfig } from './deliver.ts';

export interface WebhookWorkerDependencies {
  readonly name: string;
  readonly webhook: WebhookConfig;
  readonly codec: EventCodec<CostAnomalyEvent>;
  /** Back-off between tries. */
  readonly retry: { readonly baseMs: number; readonly capMs: number };
  deliver(event: CostAnomalyEvent, signal: AbortSignal): Promise<Delivery>;
  /** Resolves when the dead letter is durable. */
  bury(dead: readonly Dead[]): Promise<void>;
  onDelivered(): void;
  onFailed(reason: string, attempt: number): void;
}

const READ_LIMITS = { maxRecords: 50, maxBytes: 4 * 1024 * 1024, waitMs: 1_000 };

/**
 * Sends one partition of weir.cost-anomalies to one webhook, in order, at least once: an event is committed past when
 * the receiver took it, or when its dead letter is durable. The newest delivered ids stand in the commit metadata, so that
 * what a crash upstream repeats is not sent again.
 */
export async function runWebhookWorker(assignment: Assignment, dependencies: WebhookWorkerDependencies): Promise<void> {
  const sent = new SentIds(assignment.committed?.metadata ?? '');
  while (!assignment.signal.aborted) {
    const records = await assignment.read(READ_LIMITS);
    for (const record of records) {
      const event = wanted(record, dependencies);
      if (event !== undefined && !sent.has(deliveryId(event))) {
        await send(record, event, assignment.signal, dependencies);
        sent.add(deliveryId(event));
      }
      if (assignment.signal.aborted) return;
      await assignment.commit(record.offset + 1, sent.toMetadata());
    }
  }
}

function wanted(record: StoredRecord, { codec, webhook }: WebhookWorkerDependencies): CostAnomalyEvent | undefined {
  let event: CostAnomalyEvent;
  try {
    event = codec.decode(record.value);
  } catch {
    // The loader reads the same topic and buries what cannot be read: once is enough.
    return undefined;
  }
  const ofKind = webhook.kinds.length === 0 || webhook.kinds.includes(event.kind);
  return ofKind && webhook.events.includes(event.status) ? event : undefined;
}

async function send(
  record: StoredRecord,
  event: CostAnomalyEvent,
  signal: AbortSignal,
  dependencies: WebhookWorkerDependencies,
): Promise<void> {
  const { webhook, name, retry, bury, onDelivered, onFailed } = dependencies;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const delivery = await dependencies.deliver(event, signal);
    if (delivery.kind === 'delivered') return onDelivered();
    if (signal.aborted) return;
    onFailed(delivery.reason, attempt);
    const last = attempt >= webhook.max_attempts;
    if (delivery.kind === 'refused' || last) {
      const error = givenUp(name, delivery, attempt);
      await untilAccepted(() => bury([{ record, error, fingerprint: dependencies.codec.fingerprint }]), signal);
      return;
    }
    await sleep(backoffMs(attempt - 1, retry), signal);
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
