import type { Config } from '@weir/config';
import { type CostAnomalyEvent, eventToJson } from '@weir/events';
import { errorCode, errorMessage } from '@weir/kernel';
import { webhookHeaders } from './sign-webhook.ts';

export type WebhookConfig = Config['webhooks'][string];

export type Delivery =
  | { readonly kind: 'delivered' }
  /** A passing fault: the same call may succeed later. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The receiver says no, or sends elsewhere: trying again changes nothing. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface DeliverOptions {
  readonly version: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const PASSING_STATUS = new Set([408, 425, 429]);

/** The idempotency id of an event's version. */
export const deliveryId = (event: CostAnomalyEvent): string => `${event.anomaly_id}.${event.version}`;

/** Calls a webhook once. Reasons hold a status or an error code, never the address (it may be a secret, I8). */
export async function deliver(
  webhook: WebhookConfig,
  event: CostAnomalyEvent,
  options: DeliverOptions,
): Promise<Delivery> {
  const body = bodyOf(webhook, event);
  const timestamp = Math.floor(options.now() / 1_000);
  const timeout = AbortSignal.timeout(webhook.timeout_ms);
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      body,
      // Following one would hand the event to an address that nobody configured.
      redirect: 'manual',
      signal: AbortSignal.any([timeout, options.signal]),
      headers: {
        'content-type': 'application/json',
        'user-agent': `Weir/${options.version}`,
        ...webhookHeaders(webhook.secret, { id: deliveryId(event), timestamp, body }),
      },
    });
    await response.body?.cancel();
    return outcomeOf(response.status);
  } catch (error) {
    if (timeout.aborted) return { kind: 'failed', reason: 'timeout' };
    return { kind: 'failed', reason: reasonOf(error instanceof Error ? (error.cause ?? error) : error) };
  }
}

/** A code, or a few plain words (`bad port`): longer messages may hold the address. */
function reasonOf(error: unknown): string {
  const code = errorCode(error);
  const message = errorMessage(error);
  return code === 'UNKNOWN' && /^[a-z ]{1,40}$/i.test(message) ? message : code;
}

function outcomeOf(status: number): Delivery {
  const reason = `status ${status}`;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status >= 500 || PASSING_STATUS.has(status)) return { kind: 'failed', reason };
  return { kind: 'refused', reason };
}

function bodyOf(webhook: WebhookConfig, event: CostAnomalyEvent): string {
  if (webhook.format === 'json') return eventToJson(event);
  return JSON.stringify({ text: `[${event.severity}] ${event.message}` });
}
