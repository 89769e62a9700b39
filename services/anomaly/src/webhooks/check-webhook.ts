import { WeirError } from '@weir/kernel';
import type { WebhookConfig } from './deliver.ts';

/** What a webhook's format needs. @throws WeirError `WEBHOOK_INVALID` with field and fix; no value, since it may be a secret (I8). */
export function checkWebhook(name: string, webhook: WebhookConfig): void {
  const { format, url, secret, from, to } = webhook;
  const refuse = (field: string, what: string, fix: string): never => {
    throw new WeirError('WEBHOOK_INVALID', `webhooks.${name}.${field} ${what}`, { fix });
  };
  const byMail = /^smtps?:/.test(url);
  if (byMail !== (format === 'email')) {
    refuse(
      'url',
      `does not go with format ${format}`,
      'email takes smtp:// or smtps://, every other format http:// or https://.',
    );
  }
  if (format === 'email' && !from.includes('@'))
    refuse('from', 'is no address', 'Write who the mails are from: weir@example.com.');
  if (format === 'email' && to.length === 0) refuse('to', 'is empty', 'List who gets the mails: [oncall@example.com].');
  if (format === 'pagerduty' && secret === '') {
    refuse(
      'secret',
      'is empty',
      'Give the integration key (routing key) of the PagerDuty service: ${PAGERDUTY_ROUTING_KEY}.',
    );
  }
}
