import type { CostAnomalyEvent } from '@weir/events';
import { alertText, groupTitle } from './alert-text.ts';

const COLOURS = { info: 'accent', warning: 'warning', critical: 'attention' } as const;
/** Teams takes 28 KB: a group that is longer is cut and says so. */
const ALERTS_MAX = 8;

/** An adaptive card for a Teams workflow that posts what a webhook receives. */
export function teamsCard(events: readonly CostAnomalyEvent[]): unknown {
  const shown = events.slice(0, ALERTS_MAX);
  const left = events.length - shown.length;
  const body = [
    ...(events.length === 1 ? [] : [line(groupTitle(events), { weight: 'bolder', size: 'medium' })]),
    ...shown.flatMap(alertBlocks),
    ...(left === 0 ? [] : [line(`and ${left} more`, { isSubtle: true })]),
  ];
  const schema = 'http://adaptivecards.io/schemas/adaptive-card.json';
  const content = { $schema: schema, type: 'AdaptiveCard', version: '1.4', msteams: { width: 'Full' }, body };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
}

function alertBlocks(event: CostAnomalyEvent): unknown[] {
  const { title, message, facts } = alertText(event);
  const color = event.status === 'resolved' ? 'good' : COLOURS[event.severity];
  return [
    line(plain(title), { weight: 'bolder', color, separator: true }),
    line(plain(message)),
    { type: 'FactSet', facts: facts.map(([name, value]) => ({ title: name, value: plain(value) })) },
  ];
}

const line = (text: string, more: object = {}): unknown => ({ type: 'TextBlock', text, wrap: true, ...more });

/** Text blocks read Markdown: names of users and features are no markup. */
const plain = (text: string): string => text.replace(/[\\`*_[\]#<>]/g, (sign) => `\\${sign}`);
