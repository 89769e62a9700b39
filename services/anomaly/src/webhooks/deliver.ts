import type { Config } from '@weir/config';
import { type CostAnomalyEvent, eventToJson } from '@weir/events';
import { errorCode, errorMessage } from '@weir/kernel';
import { callId } from './delivery-id.ts';
import { sendMail } from './email/send-mail.ts';
import { mailOf } from './formats/mail-of.ts';
import { pagerdutyEvent } from './formats/pagerduty-event.ts';
import { slackMessage } from './formats/slack-message.ts';
import { teamsCard } from './formats/teams-card.ts';
import { webhookHeaders } from './sign-webhook.ts';

export type WebhookConfig = Config['webhooks'][string];
/** One or more: what a call tells of. */
export type Alerts = readonly [CostAnomalyEvent, ...CostAnomalyEvent[]];

export type Delivery =
  | { readonly kind: 'delivered' }
  /** A passing fault: the same call may succeed later, after a time that the receiver may have named. */
  | { readonly kind: 'failed'; readonly reason: string; readonly afterMs?: number }
  /** The receiver says no, or sends elsewhere: trying again changes nothing. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface DeliverOptions {
  readonly version: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const PASSING_STATUS = new Set([408, 425, 429]);
/** No receiver makes a worker wait longer. */
const AFTER_MS_MAX = 300_000;

/** Tells a receiver once. Reasons hold a status or an error code, never the address (it may be a secret, I8). */
export function deliver(webhook: WebhookConfig, alerts: Alerts, options: DeliverOptions): Promise<Delivery> {
  return webhook.format === 'email' ? mail(webhook, alerts) : call(webhook, alerts, options);
}

async function mail(webhook: WebhookConfig, alerts: Alerts): Promise<Delivery> {
  const { url, from, to, timeout_ms: timeoutMs } = webhook;
  try {
    await sendMail({ url, from, to, timeoutMs }, mailOf(alerts, callId(alerts)));
    return { kind: 'delivered' };
  } catch (error) {
    const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
    if (!(status > 0)) return { kind: 'failed', reason: errorCode(error) };
    return { kind: status >= 500 ? 'refused' : 'failed', reason: `SMTP status ${status}` };
  }
}

async function call(webhook: WebhookConfig, alerts: Alerts, options: DeliverOptions): Promise<Delivery> {
  const body = bodyOf(webhook, alerts);
  const timestamp = Math.floor(options.now() / 1_000);
  const timeout = AbortSignal.timeout(webhook.timeout_ms);
  // The secret of PagerDuty is in the body, and signs nothing.
  const secret = webhook.format === 'pagerduty' ? '' : webhook.secret;
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
        ...webhookHeaders(secret, { id: callId(alerts), timestamp, body }),
      },
    });
    await response.body?.cancel();
    return outcomeOf(response, options.now());
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

function outcomeOf({ status, headers }: Response, now: number): Delivery {
  const reason = `status ${status}`;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status < 500 && !PASSING_STATUS.has(status)) return { kind: 'refused', reason };
  const afterMs = retryAfterMs(headers.get('retry-after'), now);
  return { kind: 'failed', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** Seconds, or a date. */
function retryAfterMs(text: string | null, now: number): number | undefined {
  if (text === null || text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.min(AFTER_MS_MAX, ms));
}

function bodyOf(webhook: WebhookConfig, alerts: Alerts): string {
  if (webhook.format === 'slack') return JSON.stringify(slackMessage(alerts));
  if (webhook.format === 'teams') return JSON.stringify(teamsCard(alerts));
  if (webhook.format === 'pagerduty') return JSON.stringify(pagerdutyEvent(webhook.secret, alerts[0]));
  if (webhook.group_wait_ms === 0) return eventToJson(alerts[0]);
  return `{"alerts":[${alerts.map(eventToJson).join(',')}]}`;
}
