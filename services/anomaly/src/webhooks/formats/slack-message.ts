import type { CostAnomalyEvent } from '@weir/events';
import { alertText, groupTitle, shortened } from './alert-text.ts';

const COLOURS = { info: '#4a90d9', warning: '#e6a117', critical: '#d0021b' } as const;
const RESOLVED = '#2eb67d';
/** Limits of Slack: characters of a section, fields of a section. */
const SECTION_MAX = 2_900;
const FIELDS_MAX = 10;

/** For an incoming webhook: `text` is what notifications show, each alert is an attachment with the colour of its severity. */
export function slackMessage(events: readonly CostAnomalyEvent[]): unknown {
  const [only] = events;
  const single = events.length === 1 && only !== undefined;
  return {
    text: single ? escaped(shortened(`[${stateOf(only)}] ${only.message}`, SECTION_MAX)) : groupTitle(events),
    attachments: events.map((event) => {
      const { title, message, facts } = alertText(event);
      return {
        color: event.status === 'resolved' ? RESOLVED : COLOURS[event.severity],
        blocks: [
          section(`*${escaped(title)}*\n${escaped(message)}`),
          {
            type: 'section',
            fields: facts
              .slice(0, FIELDS_MAX)
              .map(([name, value]) => ({ type: 'mrkdwn', text: `*${name}*\n${escaped(value)}` })),
          },
        ],
      };
    }),
  };
}

const stateOf = ({ status, severity }: CostAnomalyEvent): string => (status === 'resolved' ? 'resolved' : severity);
const section = (text: string): unknown => ({
  type: 'section',
  text: { type: 'mrkdwn', text: shortened(text, SECTION_MAX) },
});

/** The three characters that Slack reads as markup: a user id cannot become a mention of a channel. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
