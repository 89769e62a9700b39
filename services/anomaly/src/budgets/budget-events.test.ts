import { type BudgetAlert, BudgetBook, type BudgetDefinition, compileBudgets } from '@weir/detectors';
import { createCodec } from '@weir/events';
import { describe, expect, it } from 'vitest';
import { uuidV5 } from '../uuid-v5.ts';
import { anomalyEvent, budgetStateEvent } from './budget-events.ts';

const START = Date.parse('2026-11-25T10:00:00Z');
const definition: BudgetDefinition = {
  scope: { feature: ['chat'] },
  per: ['account'],
  max_scopes: 10,
  period: 'month',
  time_zone: 'Europe/Berlin',
  limit_usd: '100',
  limit_tokens: 0,
  limit_requests: 0,
  thresholds: [0.8, 1],
  enforcement: 'hard',
};

function alertsOf(
  change: Partial<BudgetDefinition>,
  cost: bigint,
): { alerts: readonly BudgetAlert[]; book: BudgetBook } {
  const [budget] = compileBudgets({ 'chat-month': { ...definition, ...change } });
  if (budget === undefined) throw new Error('no budget');
  const book = new BudgetBook([budget], { lateMs: 0 });
  const entry = { partition: 0, ts: START, tokens: 1_000, matches: [[budget.key, ['acme']]] as const };
  book.count({ ...entry, offset: 0, requestId: 'r0', cost: null }, START);
  book.count({ ...entry, offset: 1, requestId: 'r1', cost }, START + 5);
  return { alerts: book.takeAlerts(), book };
}

describe('events of budgets', () => {
  it('name what happened for people, and hold the exact amounts for programs', () => {
    const { alerts, book } = alertsOf({}, 80_123_456_789_012n);
    const [event] = alerts.map(anomalyEvent);
    expect(event).toMatchObject({
      version: 1,
      status: 'open',
      severity: 'warning',
      kind: 'budget',
      account: 'acme',
      scope: { feature: 'chat', account: 'acme' },
      metric: 'spend_usd',
      detected_at: START + 5,
      started_at: Date.parse('2026-10-31T23:00:00Z'),
      ended_at: null,
      observed: 80.123456789012,
      expected: 100,
      upper: 80,
      impact_usd: 0n,
      sample_request_ids: ['r1'],
      message:
        'Budget chat-month (feature=chat, account=acme) has reached 80 % of its 100 USD: 80.1235 USD by 1 request; 1 more of unknown cost, 2026-10-31 23:00 to 2026-11-30 23:00 UTC.',
    });
    expect(event?.evidence).toMatchObject({
      spent_usd: '80.123456789012',
      limit: '100',
      threshold: '0.8',
      unpriced: '1',
    });
    expect(createCodec('cost-anomaly').encode(event as never).length).toBeGreaterThan(100);
    const [state] = book.takeStandings().map(budgetStateEvent);
    expect(state).toMatchObject({
      budget_id: 'chat-month',
      scope_key: 'chat-month|account=acme',
      limit_usd: 100_000_000_000_000n,
      spent_usd: 80_123_456_789_012n,
      requests: 2,
      tokens: 2_000,
      unpriced: 1,
      state: 'ok',
      thresholds_fired: [0.8],
      version: 2,
    });
    expect(createCodec('budget-state').encode(state as never).length).toBeGreaterThan(50);
  });

  it('give money above the limit, and each threshold an id of its own that others can compute', () => {
    const { alerts } = alertsOf({}, 100_000_000_000_001n);
    const events = alerts.map(anomalyEvent);
    expect(events.map(({ status, version, severity, impact_usd }) => [status, version, severity, impact_usd])).toEqual([
      ['open', 1, 'warning', 1n],
      ['open', 1, 'critical', 1n],
      ['update', 2, 'warning', 1n],
    ]);
    expect(events[0]?.anomaly_id).toBe(events[2]?.anomaly_id);
    expect(events[0]?.anomaly_id).not.toBe(events[1]?.anomaly_id);
    expect(events[2]?.message).toMatch(/has gone on past 80 % and reached 100 % of its 100 USD: 100 USD/);
    expect(events[0]?.anomaly_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('speak of tokens where the limit is tokens, and of small sums with the digits that matter', () => {
    const tokens = alertsOf({ limit_usd: '', limit_tokens: 2_000 }, 1n).alerts.map(anomalyEvent);
    expect(tokens[1]).toMatchObject({ metric: 'tokens', observed: 2_000, expected: 2_000, impact_usd: 0n });
    expect(tokens[1]?.message).toContain('has reached 100 % of its 2000 tokens: 2000 tokens by 2 requests, 2026-10-31');
    const small = alertsOf({ limit_usd: '0.00002' }, 17_123_456n).alerts.map(anomalyEvent);
    expect(small[0]?.message).toContain('0.00001712 USD');
  });

  it('of a pace too high say how fast, and of a forecast when the limit is passed', () => {
    const [budget] = compileBudgets({
      b: { ...definition, limit_usd: '720', alert_on: { burn_rate: true, forecast: true } },
    });
    if (budget === undefined) throw new Error('no budget');
    const book = new BudgetBook([budget], { lateMs: 0 });
    const start = Date.parse('2026-11-02T00:00:00Z');
    for (let hour = 0; hour < 120; hour += 1) {
      const ts = start + hour * 3_600_000;
      const entry = {
        partition: 0,
        offset: hour,
        requestId: `r${hour}`,
        ts,
        tokens: 1,
        matches: [[budget.key, ['a']]] as const,
      };
      book.count({ ...entry, cost: hour === 30 ? 20_000_000_000_000n : 1_100_000_000_000n }, ts);
    }
    const events = book.takeAlerts().map(anomalyEvent);
    const [burn, forecast] = ['budget_burn_rate', 'budget_forecast'].map((name) =>
      events.find(({ detector, status }) => detector === name && status === 'open'),
    );
    expect(burn).toMatchObject({
      severity: 'critical',
      kind: 'budget',
      version: 1,
      score: 14.4,
      sample_request_ids: ['r30'],
    });
    expect(burn?.message).toContain(
      'Budget b (feature=chat, account=a) burns more than 14.4 times as fast as its 720 USD last: 20 USD in the last hour',
    );
    expect(burn?.evidence).toMatchObject({ alert: 'burn rate fast', window_used: '20', burn_factor: '14.4' });
    expect(forecast).toMatchObject({ severity: 'warning', kind: 'budget', version: 1 });
    expect(forecast?.message).toMatch(
      /is going to pass its 720 USD on 2026-11-\d\d \(four times in five: 2026-11-\d\d( or later| to 2026-11-\d\d)\); \d+(\.\d)? USD \(.+ to .+\) are expected by the end, 2026-10-31/,
    );
    expect(new Set(events.map(({ anomaly_id, version }) => `${anomaly_id} ${version}`)).size).toBe(events.length);
    for (const event of events) expect(createCodec('cost-anomaly').encode(event).length).toBeGreaterThan(100);
  });

  it('have ids as RFC 9562 makes them from names', () => {
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});
