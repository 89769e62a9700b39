import { GOLDEN_EVENTS } from '@weir/events/testing';
import { expect, it } from 'vitest';
import { mailOf } from './mail-of.ts';
import { pagerdutyEvent } from './pagerduty-event.ts';
import { slackMessage } from './slack-message.ts';
import { teamsCard } from './teams-card.ts';

const event = {
  ...GOLDEN_EVENTS['cost-anomaly'],
  status: 'open',
  severity: 'critical',
  kind: 'prompt_change',
  scope: { feature: 'chat', user_id: '<!channel> *boss* [x](y)' },
  message: 'Spend of <!here> & more.',
} as const;

it('Slack: names cannot become mentions, the colour is the severity, and an end is green', () => {
  const message = slackMessage([event]) as { text: string; attachments: { color: string }[] };
  expect(message.text).toBe('[critical] Spend of &lt;!here&gt; &amp; more.');
  expect(message.attachments.map(({ color }) => color)).toEqual(['#d0021b']);
  expect(JSON.stringify(message)).not.toMatch(/<!/);
  const group = slackMessage([event, { ...event, status: 'resolved' }]) as typeof message;
  expect(group.text).toBe('2 alerts: 1 open, 1 resolved');
  expect(group.attachments.map(({ color }) => color)).toEqual(['#d0021b', '#2eb67d']);
});

it('Teams: an adaptive card, names are no markup, and many alerts stay below its limit', () => {
  const card = JSON.stringify(teamsCard([event]));
  expect(card).toContain('"type":"AdaptiveCard"');
  expect(card).toContain('"color":"attention"');
  expect(card).toContain('feature=chat');
  expect(card).not.toMatch(/[^\\]\*boss/);
  const long = { ...event, message: 'long '.repeat(100), scope: { feature: 'x'.repeat(500) } };
  const many = JSON.stringify(teamsCard(Array.from({ length: 50 }, () => long)));
  expect(many).toContain('and 42 more');
  expect(Buffer.byteLength(many)).toBeLessThan(28 * 1_024);
});

it('what was detected: the cause, an hour of it and the exact split stand in every format; PagerDuty knows its end', () => {
  const alert = { ...GOLDEN_EVENTS['cost-anomaly'], detector: 'anomaly', status: 'open' } as const;
  for (const text of [
    JSON.stringify(slackMessage([alert])),
    JSON.stringify(teamsCard([alert])),
    mailOf([alert], 'x').text,
  ]) {
    for (const part of ['c21d', 'about 18.40 USD', 'input\\\\?_tokens', '92 %', '9.476 USD', 'is \\$18.40/h above']) {
      expect(text.replaceAll('\\', '')).toMatch(new RegExp(part));
    }
  }
  const page = pagerdutyEvent('key', alert) as { event_action: string; dedup_key: string; payload: object };
  expect(page).toMatchObject({
    event_action: 'trigger',
    dedup_key: alert.anomaly_id,
    payload: {
      severity: 'critical',
      class: 'prompt_change',
      custom_details: { driver: 'input_tokens', spend_now_usd: '11.1' },
    },
  });
  const end = pagerdutyEvent('key', { ...alert, status: 'resolved', version: 3 });
  expect(end).toEqual({ routing_key: 'key', dedup_key: alert.anomaly_id, event_action: 'resolve' });
});
