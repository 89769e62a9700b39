import type { CostAnomalyEvent } from '@weir/events';
import { picoToText } from '@weir/kernel';

/** What people read of an alert, whatever carries it. */
export interface AlertText {
  readonly title: string;
  readonly message: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

const CAUSES_MAX = 3;
/** One fact is a line, not a page. */
const VALUE_MAX = 300;

const STATUS = { open: '', update: 'update: ', resolved: 'resolved: ' } as const;

export function alertText(event: CostAnomalyEvent): AlertText {
  const scope = Object.entries(event.scope).map(([dimension, value]) => `${dimension}=${value}`);
  // The split ends with parts of nothing.
  const causes = event.causes
    .filter(({ delta_usd }) => delta_usd !== 0n)
    .slice(0, CAUSES_MAX)
    .map(({ dimension, value, kind, share, delta_usd }) => {
      const where = dimension === '' ? '' : ` (${dimension}=${value})`;
      return `${kind}${where}: ${Math.round(share * 100)} %, ${picoToText(delta_usd)} USD`;
    });
  const cause = Object.entries(event.attributed[0]?.scope ?? {}).map(([dimension, value]) => `${dimension}=${value}`);
  const evidence = event.detector === 'anomaly' ? Object.entries(event.evidence) : [];
  const facts: (readonly [string, string])[] = [
    ['kind', event.kind],
    ['where', scope.join(', ')],
    ['cause', cause.join(', ') === scope.join(', ') ? '' : cause.join(', ')],
    ['since', new Date(event.started_at).toISOString()],
    ['money at stake', event.impact_usd === 0n ? '' : `${picoToText(event.impact_usd)} USD`],
    ['an hour of it', anHour(event)],
    ['split of the change', causes.join('; ')],
    ['evidence', evidence.map(([name, value]) => `${name}: ${value}`).join(', ')],
    ['requests', event.sample_request_ids.slice(0, CAUSES_MAX).join(', ')],
    ['alert', `${event.anomaly_id}, version ${event.version}`],
  ];
  return {
    title: `${STATUS[event.status]}${event.kind.replaceAll('_', ' ')}`,
    message: event.message,
    facts: facts.filter(([, value]) => value !== '').map(([name, value]) => [name, shortened(value, VALUE_MAX)]),
  };
}

/** An estimate: cents say enough. */
function anHour({ impact_usd_per_hour: pico }: CostAnomalyEvent): string {
  return pico === null || pico === 0n ? '' : `about ${Number(picoToText(pico)).toFixed(2)} USD`;
}

export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/** The worst of a group stands for it. */
export function worst(events: readonly CostAnomalyEvent[]): CostAnomalyEvent['severity'] {
  const open = events.filter(({ status }) => status !== 'resolved').map(({ severity }) => severity);
  return (['critical', 'warning', 'info'] as const).find((severity) => open.includes(severity)) ?? 'info';
}

/** One line above a group. */
export function groupTitle(events: readonly CostAnomalyEvent[]): string {
  const resolved = events.filter(({ status }) => status === 'resolved').length;
  return `${events.length} alerts: ${events.length - resolved} open, ${resolved} resolved`;
}
