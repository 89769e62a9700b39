import { describe, expect, it } from 'vitest';
import type { AdjustmentDefinition } from './compile-adjustments.ts';
import { type BudgetDefinition, compileBudgets } from './compile-budgets.ts';

const definition: BudgetDefinition = {
  scope: {},
  per: [],
  max_scopes: 10,
  period: 'month',
  time_zone: 'UTC',
  limit_usd: '100',
  limit_tokens: 0,
  limit_requests: 0,
  thresholds: [0.5, 0.8, 1],
  enforcement: 'soft',
};
const adjustment = (change: Partial<AdjustmentDefinition>): AdjustmentDefinition => ({
  from: '2026-11-20',
  until: '',
  limit: '5',
  add: '',
  scope: {},
  reason: 'launch',
  ...change,
});
const compile = (change: Partial<BudgetDefinition>) => compileBudgets({ team: { ...definition, ...change } })[0];

describe('compileBudgets', () => {
  it('I4 takes amounts and shares exactly as they are written', () => {
    expect(compile({ limit_usd: '0.000000000001' })?.limit).toEqual({ kind: 'usd', amount: 1n });
    expect(compile({ limit_tokens: 5, limit_usd: '' })?.limit).toEqual({ kind: 'tokens', amount: 5n });
    expect(compile({ thresholds: [1, 0.1] })?.thresholds).toMatchObject([
      { share: 0.1, numerator: 1n, denominator: 10n },
      { share: 1, numerator: 1n, denominator: 1n },
    ]);
    expect(compile({ period: 'rolling 24h' })?.period).toEqual({ kind: 'rolling', stepMs: 24 * 60_000 });
    expect(compile({ period: 'rolling 7d' })?.period).toEqual({ kind: 'rolling', stepMs: 168 * 60_000 });
  });

  it('limits beside each other are budgets beside each other; adding one keeps the first', () => {
    const several = compileBudgets({
      team: { ...definition, limit_tokens: 7, limit_requests: 3, adjustments: [adjustment({})] },
    });
    expect(several.map(({ id, limit }) => [id, limit])).toEqual([
      ['team', { kind: 'usd', amount: 100n * 10n ** 12n }],
      ['team.tokens', { kind: 'tokens', amount: 7n }],
      ['team.requests', { kind: 'requests', amount: 3n }],
    ]);
    expect(several.map(({ adjustments }) => adjustments.length)).toEqual([1, 0, 0]);
    expect(several[0]?.key).toBe(compile({})?.key);
    expect(new Set(several.map(({ key }) => key)).size).toBe(3);
  });

  it('keeps the key while only the limit changes, and changes it with what is counted', () => {
    const key = compile({})?.key;
    expect(compile({ limit_usd: '7', thresholds: [1], enforcement: 'hard', max_scopes: 3 })?.key).toBe(key);
    expect(compile({ adjustments: [adjustment({})], starts_on: 1 })?.key).toBe(key);
    for (const change of [
      { per: ['user_id'] },
      { scope: { feature: 'chat' } },
      { period: 'day' },
      { time_zone: 'Asia/Tokyo' },
      { starts_on: 15 },
      { limit_usd: '', limit_requests: 3 },
    ]) {
      expect(compile(change)?.key, JSON.stringify(change)).not.toBe(key);
    }
  });

  it.each<[Partial<BudgetDefinition>, RegExp, RegExp]>([
    [{ scope: { featur: 'x' } }, /budgets\.team\.scope\.featur is "featur"/, /Did you mean feature\?/],
    [{ scope: { 'tags.': 'x' } }, /scope\.tags\./, /tags\.<key>/],
    [{ per: ['usr_id'] }, /per\.0 is "usr_id"/, /user_id/],
    [{ per: ['env', 'env'] }, /per\.1 is "env"/, /once/],
    [{ per: ['env'], scope: { env: 'prod' } }, /per\.0 is "env"/, /leave it out/],
    [{ period: 'decade' }, /period is "decade"/, /rolling 24h/],
    [{ period: 'week', starts_on: 8 }, /starts_on is "8"/, /1 \(Monday\) to 7/],
    [{ period: 'day', starts_on: 2 }, /starts_on is "2"/, /leave it out/],
    [{ adjustments: [adjustment({ limit: '' })] }, /adjustments\.0 is "neither limit nor add"/, /Give limit/],
    [{ adjustments: [adjustment({ add: '1' })] }, /adjustments\.0 is "limit and add"/, /Give limit/],
    [{ adjustments: [adjustment({ reason: ' ' })] }, /adjustments\.0\.reason/, /Say why/],
    [{ adjustments: [adjustment({ limit: '0' })] }, /adjustments\.0\.limit is "0"/, /above 0/],
    [{ adjustments: [adjustment({ from: 'today' })] }, /adjustments\.0\.from is "today"/, /2026-11-20/],
    [{ adjustments: [adjustment({ from: '2026-11-31' })] }, /adjustments\.0\.from is "2026-11-31"/, /2026-11-20/],
    [{ adjustments: [adjustment({ until: '2026-11-01' })] }, /until is "2026-11-01"/, /after from/],
    [{ adjustments: [adjustment({ limit: '', add: '5', until: '2026-12-01' })] }, /until is/, /Leave it out/],
    [{ adjustments: [adjustment({ scope: { user_id: 'u' } })] }, /scope\.user_id is "user_id"/, /in per/],
    [
      { limit_usd: '', limit_tokens: 5, adjustments: [adjustment({ limit: '1.5' })] },
      /adjustments\.0\.limit is "1\.5"/,
      /unit of the limit/,
    ],
    [{ time_zone: 'Mars/Olympus' }, /time_zone is "Mars\/Olympus"/, /Europe\/Berlin/],
    [{ limit_usd: '12 USD' }, /limit_usd is "12 USD"/, /"250\.00"/],
    [{ limit_usd: '1000000' }, /limit_usd is "1000000"/, /below 1000000/],
    [{ limit_usd: '' }, /no limit at all/, /or several/],
    [{ thresholds: [0.5, 0.5] }, /thresholds is "0.5, 0.5"/, /once/],
  ])('explains %j', (change, message, fix) => {
    expect(() => compile(change)).toThrowError(
      expect.objectContaining({
        code: 'BUDGET_INVALID',
        message: expect.stringMatching(message),
        fix: expect.stringMatching(fix),
      }),
    );
  });
});
