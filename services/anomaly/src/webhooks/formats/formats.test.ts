import { GOLDEN_EVENTS } from '@weir/events/testing';
import { expect, it } from 'vitest';
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
