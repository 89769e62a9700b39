import type { CostAnomalyEvent } from '@weir/events';
import { deliveryId } from '../delivery-id.ts';
import { alertText, groupTitle, shortened, worst } from './alert-text.ts';

export interface Mail {
  readonly messageId: string;
  /** The message that an update or the end of an alert answers: readers show them as one conversation. */
  readonly inReplyTo: string | undefined;
  readonly subject: string;
  readonly text: string;
}

const SUBJECT_MAX = 200;

export function mailOf(events: readonly CostAnomalyEvent[], id: string): Mail {
  const [only] = events;
  const single = events.length === 1 && only !== undefined;
  const title = single ? only.message : groupTitle(events);
  const state = single && only.status === 'resolved' ? 'resolved' : worst(events);
  // A line break in a name must not end the header.
  const subject = shortened(`[Weir] [${state}] ${title}`.replace(/\s+/g, ' '), SUBJECT_MAX);
  return {
    messageId: messageIdOf(id),
    inReplyTo: single && only.version > 1 ? messageIdOf(deliveryId({ ...only, version: 1 })) : undefined,
    subject,
    text: events.map(textOf).join('\n\n'),
  };
}

const messageIdOf = (id: string): string => `<${id}@weir.invalid>`;

function textOf(event: CostAnomalyEvent): string {
  const { title, message, facts } = alertText(event);
  const lines = facts.map(([name, value]) => `${`${name}:`.padEnd(16)}${value}`);
  return [`[${event.severity}] ${title}`, '', message, '', ...lines].join('\n');
}
