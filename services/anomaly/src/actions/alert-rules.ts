import type { AlertActionEvent, CostAnomalyEvent } from '@weir/events';

export type Handling = 'muted' | 'acknowledged';

interface Mute {
  readonly action: AlertActionEvent;
  readonly tests: readonly (readonly [name: string, value: RegExp])[];
}

/** Scopes that are muted at a time; an action on more of them is not heard. */
const MUTES_MAX = 1_000;
/** Newest actions on single alerts that are kept. */
const ALERTS_MAX = 10_000;

/** What people have said about alerts: the newest action of each key holds, while it lasts. */
export class AlertRules {
  readonly #mutes = new Map<string, Mute>();
  readonly #alerts = new Map<string, AlertActionEvent>();

  take(action: AlertActionEvent): void {
    const key = action.action_key;
    const rules: Map<string, unknown> = action.anomaly_id === '' ? this.#mutes : this.#alerts;
    rules.delete(key);
    if (action.action === 'withdraw') return;
    if (action.anomaly_id !== '') {
      this.#alerts.set(key, action);
      const [oldest] = this.#alerts.keys();
      if (this.#alerts.size > ALERTS_MAX && oldest !== undefined) this.#alerts.delete(oldest);
      return;
    }
    // A scope cannot be acknowledged, and a pattern of nothing would mute all there is.
    if (action.action !== 'mute' || this.#mutes.size >= MUTES_MAX || Object.keys(action.pattern).length === 0) return;
    const tests = Object.entries(action.pattern).map(([name, value]) => [name, patternOf(value)] as const);
    this.#mutes.set(key, { action, tests });
  }

  /** Why a webhook is not to be told, if it is not. */
  handlingOf(event: CostAnomalyEvent, now: number): Handling | undefined {
    const own = this.#alerts.get(alertKey(event.anomaly_id));
    // The end of what was told before people spoke is told: it closes an incident somewhere.
    const closes = (at: number): boolean => event.status === 'resolved' && event.started_at < at;
    if (own?.action === 'acknowledge' && event.status !== 'resolved') return 'acknowledged';
    if (own?.action === 'mute' && isInForce(own, now) && !closes(own.at)) return 'muted';
    for (const { action, tests } of this.#mutes.values()) {
      if (!isInForce(action, now) || closes(action.at)) continue;
      if (tests.every(([name, value]) => value.test(columnOf(event, name)))) return 'muted';
    }
    return undefined;
  }
}

const isInForce = ({ until }: AlertActionEvent, now: number): boolean => until === null || now < until;

function columnOf(event: CostAnomalyEvent, name: string): string {
  if (name === 'kind') return event.kind;
  if (name === 'account') return event.account;
  if (name === 'gateway') return event.gateway;
  return event.scope[name] ?? '';
}

/** `*` is any text. */
function patternOf(value: string): RegExp {
  const parts = value.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

/** Key of what is said about one alert. */
export const alertKey = (anomalyId: string): string => `alert/${anomalyId}`;

/** Key of what is said about a scope: the same for the same pattern, however it was written. */
export const scopeKeyOf = (pattern: Readonly<Record<string, string>>): string =>
  `scope/${Object.keys(pattern)
    .sort()
    .map((name) => `${name}=${pattern[name]}`)
    .join(',')}`;
