import type { AlertActionEvent, CostAnomalyEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { expect, it } from 'vitest';
import { AlertRules, alertKey, scopeKeyOf } from './alert-rules.ts';

const NOW = GOLDEN_EVENTS['cost-anomaly'].detected_at;
const alert: CostAnomalyEvent = { ...GOLDEN_EVENTS['cost-anomaly'], status: 'open', started_at: NOW - 60_000 };
const ID = alert.anomaly_id;

function rulesOf(...actions: readonly Partial<AlertActionEvent>[]): AlertRules {
  const rules = new AlertRules();
  for (const action of actions) {
    const { anomaly_id = '', pattern = {} } = action;
    const action_key = anomaly_id === '' ? scopeKeyOf(pattern) : alertKey(anomaly_id);
    rules.take({ ...GOLDEN_EVENTS['alert-action'], until: null, at: NOW, anomaly_id, pattern, ...action, action_key });
  }
  return rules;
}

it('a mute holds for what matches all of its pattern, * being any text and nothing else being special', () => {
  const muted = (pattern: Record<string, string>) => rulesOf({ action: 'mute', pattern }).handlingOf(alert, NOW);
  expect(muted({ kind: 'prompt_change' })).toBe('muted');
  expect(muted({ kind: 'prompt_*', feature: 'summ*', account: 'acme' })).toBe('muted');
  expect(muted({ kind: 'prompt_*', feature: 'chat' })).toBeUndefined();
  expect(muted({ feature: 'summ.rise' })).toBeUndefined();
  expect(muted({ user_id: '?*' })).toBeUndefined();
  expect(muted({})).toBeUndefined();
});

it('a mute ends by itself or when it is withdrawn, and the newest word about a scope holds', () => {
  const mute = { action: 'mute', pattern: { kind: 'prompt_change' }, until: NOW + 10 } as const;
  expect(rulesOf(mute).handlingOf(alert, NOW + 9)).toBe('muted');
  expect(rulesOf(mute).handlingOf(alert, NOW + 10)).toBeUndefined();
  expect(rulesOf(mute, { ...mute, action: 'withdraw' }).handlingOf(alert, NOW)).toBeUndefined();
  expect(rulesOf(mute, { ...mute, until: NOW + 99 }).handlingOf(alert, NOW + 50)).toBe('muted');
});

it('what is acknowledged is not told again but that it is over; the end of what was told before a mute is told', () => {
  const resolved: CostAnomalyEvent = { ...alert, status: 'resolved' };
  const acknowledged = rulesOf({ action: 'acknowledge', anomaly_id: ID });
  expect(acknowledged.handlingOf({ ...alert, status: 'update' }, NOW)).toBe('acknowledged');
  expect(acknowledged.handlingOf(resolved, NOW)).toBeUndefined();
  expect(acknowledged.handlingOf({ ...alert, anomaly_id: 'another' }, NOW)).toBeUndefined();
  const muted = rulesOf({ action: 'mute', pattern: { kind: 'prompt_change' } });
  expect(muted.handlingOf(resolved, NOW)).toBeUndefined();
  expect(muted.handlingOf({ ...resolved, started_at: NOW + 1 }, NOW)).toBe('muted');
});
