import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Budget, matchBudget } from './budget.ts';
import { type BudgetAlert, BudgetBook, type BudgetEntry, type BudgetStanding } from './budget-book.ts';
import { compileBudgets } from './compile-budgets.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-25T10:00:00Z');
const LATE_MS = 2 * HOUR;

const common = { scope: {}, per: [], max_scopes: 3, time_zone: 'UTC', limit_tokens: 0, limit_requests: 0 };
const adjusted = { until: '', limit: '', add: '', scope: {}, reason: 'a test' };
const BUDGETS = compileBudgets({
  week: {
    ...common,
    period: 'week',
    limit_usd: '0.000000000300',
    thresholds: [1],
    enforcement: 'soft',
    alert_on: { burn_rate: true, forecast: true },
  },
  all: { ...common, period: 'hour', limit_usd: '0.000000000040', thresholds: [0.5, 0.8, 1], enforcement: 'hard' },
  users: {
    ...common,
    per: ['user_id'],
    period: 'hour',
    limit_usd: '0.000000000015',
    adjustments: [{ ...adjusted, from: '2026-11-25T11:30:00Z', add: '0.000000000004', scope: { user_id: 'u1' } }],
    thresholds: [1],
    enforcement: 'soft',
  },
  calls: {
    ...common,
    scope: { user_id: ['u0', 'u1'] },
    period: 'rolling 1h',
    limit_usd: '',
    limit_requests: 4,
    adjustments: [{ ...adjusted, from: '2026-11-25T12:00:00Z', until: '2026-11-25T13:00:00Z', limit: '2' }],
    thresholds: [0.5, 1],
    enforcement: 'soft',
  },
});

interface Step {
  readonly entry?: BudgetEntry;
  readonly tick?: number;
  readonly loggedAt: number;
}

const matchesOf = (user: string): BudgetEntry['matches'] =>
  BUDGETS.flatMap((budget) => {
    const values = matchBudget(budget, () => user);
    return values === undefined ? [] : [[budget.key, values] as const];
  });

/** A log as crashing writers make it: two partitions, event times that jump back and forth, repeats, ticks. */
const steps = fc
  .array(
    fc.record({
      partition: fc.nat(1),
      user: fc.nat(5),
      minutes: fc.integer({ min: -30, max: 40 }),
      cost: fc.option(fc.integer({ min: 0, max: 9 })),
      repeat: fc.nat(4),
      tick: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((events) => {
    const log: Step[] = [];
    const next = [0, 0];
    let now = START;
    for (const { partition, user, minutes, cost, repeat, tick } of events) {
      now += Math.max(0, minutes) * 60_000;
      const offset = next[partition] ?? 0;
      next[partition] = offset + 1;
      const entry: BudgetEntry = {
        partition,
        offset,
        requestId: `r${partition}-${offset}`,
        ts: now + Math.min(0, minutes) * 60_000,
        cost: cost === null ? null : BigInt(cost),
        tokens: 10,
        matches: matchesOf(`u${user}`),
      };
      log.push({ entry, loggedAt: now });
      const again = log.filter((step) => step.entry?.partition === partition).slice(-repeat);
      if (repeat > 0) log.push(...again.map((step) => ({ ...step, loggedAt: now })));
      if (tick) log.push({ tick: now, loggedAt: now });
    }
    log.push({ tick: now + 3 * HOUR, loggedAt: now + 3 * HOUR });
    return log;
  });

interface Run {
  readonly book: BudgetBook;
  readonly alerts: BudgetAlert[];
  readonly standings: BudgetStanding[];
}

/** Runs the log; at each of `stops` the book is thrown away and restored from its last snapshot, and replayed from there. */
function run(log: readonly Step[], stops: readonly number[], takeEvery: number): Run {
  let book = new BudgetBook(BUDGETS, { lateMs: LATE_MS });
  const [alerts, standings]: [BudgetAlert[], BudgetStanding[]] = [[], []];
  let saved = { offset: 0, text: JSON.stringify(book.snapshot()) };
  const pending = [...stops];
  for (let offset = 0; offset < log.length; offset += 1) {
    const step = log[offset];
    const loggedAt = step?.loggedAt ?? 0;
    if (step?.entry !== undefined) book.count(step.entry, loggedAt);
    if (step?.tick !== undefined) book.tick(step.tick, loggedAt);
    alerts.push(...book.takeAlerts());
    if (offset % takeEvery === 0) {
      standings.push(...book.takeStandings());
      saved = { offset: offset + 1, text: JSON.stringify(book.snapshot()) };
    }
    if (pending[0] === offset) {
      pending.shift();
      book = new BudgetBook(BUDGETS, { lateMs: LATE_MS });
      book.restore(JSON.parse(saved.text) as unknown[]);
      offset = saved.offset - 1;
    }
  }
  standings.push(...book.takeStandings());
  return { book, alerts, standings };
}

const nameOf = ({ threshold, pace }: BudgetAlert): string => {
  if (pace === null) return String(threshold.share);
  return `${pace.signal.kind === 'burn' ? pace.signal.window.name : 'forecast'} ${pace.since}`;
};
const idOf = (alert: BudgetAlert): string =>
  `${alert.budget.id} ${alert.scopeKey} ${alert.span.start} ${nameOf(alert)} ${alert.status}`;
const text = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}` : key === 'budget' ? undefined : inner,
  );
const distinctEntries = (log: readonly Step[]): BudgetEntry[] => [
  ...new Map(log.flatMap(({ entry }) => (entry === undefined ? [] : [[entry.requestId, entry] as const]))).values(),
];
const newest = (standings: readonly BudgetStanding[]): Map<string, BudgetStanding> => {
  const found = new Map<string, BudgetStanding>();
  for (const standing of standings) {
    const key = `${standing.scopeKey} ${standing.span.start}`;
    if ((found.get(key)?.version ?? -1) <= standing.version) found.set(key, standing);
  }
  return found;
};

describe('I3 I4 the budget book', () => {
  it('sums each distinct event once into the hour of its own time, exactly', () => {
    fc.assert(
      fc.property(steps, (log) => {
        const { standings } = run(log, [], 1);
        const sums = new Map<number, bigint>();
        for (const { ts, cost } of distinctEntries(log)) {
          const hour = Math.floor(ts / HOUR) * HOUR;
          sums.set(hour, (sums.get(hour) ?? 0n) + (cost ?? 0n));
        }
        const found = [...newest(standings).values()].filter(({ budget }) => budget.id === 'all');
        expect(new Map(found.map(({ span, sums: { spent } }) => [span.start, spent]))).toEqual(sums);
        const unpriced = found.reduce((sum, standing) => sum + standing.sums.unpriced, 0);
        expect(unpriced).toBe(distinctEntries(log).filter(({ cost }) => cost === null).length);
        // Every combination, the ones beyond the bound too, adds up to the whole.
        const users = [...newest(standings).values()].filter(({ budget }) => budget.id === 'users');
        expect(users.reduce((sum, standing) => sum + standing.sums.spent, 0n)).toBe(
          [...sums.values()].reduce((sum, spent) => sum + spent, 0n),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('restored anywhere and replayed, gives the same alerts and states, and fires each threshold once', () => {
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.nat(80), { maxLength: 6 }).map((stops) => [...new Set(stops)].sort((a, b) => a - b)),
        fc.integer({ min: 1, max: 9 }),
        (log, stops, takeEvery) => {
          const straight = run(log, [], 1);
          const broken = run(log, stops, takeEvery);
          const expected = new Map(straight.alerts.map((alert) => [idOf(alert), text(alert)]));
          expect(expected.size).toBe(straight.alerts.length);
          expect(new Map(broken.alerts.map((alert) => [idOf(alert), text(alert)]))).toEqual(expected);
          for (const alert of broken.alerts) expect(text(alert)).toBe(expected.get(idOf(alert)));
          const states = (standings: readonly BudgetStanding[]) =>
            [...newest(standings)].map(([key, standing]) => [key, text({ ...standing, version: 0 })]).sort();
          expect(states(broken.standings)).toEqual(states(straight.standings));
          expect(text(broken.book.snapshot()).length).toBe(text(straight.book.snapshot()).length);
          // One version of one span has one content, however often it is published.
          const contents = new Map<string, string>();
          for (const standing of [...straight.standings, ...broken.standings]) {
            const name = `${standing.scopeKey} ${standing.span.start} ${standing.version}`;
            expect(contents.get(name) ?? text(standing)).toBe(text(standing));
            contents.set(name, text(standing));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('I3 I4 nothing is lost at midnight, on the first day of a period, or where clocks change', () => {
  const near = [
    '2026-03-29T01:00:00Z',
    '2026-10-25T01:00:00Z',
    '2018-11-04T03:00:00Z',
    '2026-02-28T23:00:00Z',
    '2026-12-31T23:59:00Z',
    '2011-12-30T10:00:00Z',
  ].map((text) => Date.parse(text));
  it('each event is in the one period that holds its time, and the periods add up to all', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('hour', 'day', 'week', 'month', 'quarter', 'year'),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kolkata', 'Pacific/Apia'),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(...near),
        fc.array(fc.tuple(fc.integer({ min: -48 * 60, max: 48 * 60 }), fc.nat(9)), { minLength: 1, maxLength: 40 }),
        fc.nat(40),
        (period, time_zone, day, around, events, stop) => {
          const starts_on = period === 'hour' || period === 'day' ? 1 : day;
          const limits = { limit_usd: '0.00000000002', thresholds: [1], enforcement: 'soft' as const };
          const budgets = compileBudgets({ b: { ...common, ...limits, period, time_zone, starts_on } });
          const key = budgets[0]?.key ?? '';
          const options = { lateMs: 8 * 24 * HOUR };
          let book = new BudgetBook(budgets, options);
          const standings: BudgetStanding[] = [];
          const opened: string[] = [];
          events.forEach(([minutes, cost], offset) => {
            const ts = around + minutes * 60_000;
            book.count(
              {
                partition: 0,
                offset,
                requestId: `r${offset}`,
                ts,
                cost: BigInt(cost),
                tokens: 1,
                matches: [[key, []]],
              },
              ts,
            );
            standings.push(...book.takeStandings());
            opened.push(
              ...book.takeAlerts().flatMap(({ status, span }) => (status === 'open' ? [String(span.start)] : [])),
            );
            if (offset !== stop) return;
            const stored = JSON.stringify(book.snapshot());
            book = new BudgetBook(budgets, options);
            book.restore(JSON.parse(stored) as unknown[]);
          });
          const found = [...newest(standings).values()].sort((a, b) => a.span.start - b.span.start);
          for (const { span, sums } of found) {
            const own = events.filter(
              ([minutes]) => around + minutes * 60_000 >= span.start && around + minutes * 60_000 < span.end,
            );
            expect(sums.requests).toBe(own.length);
            expect(sums.spent).toBe(own.reduce((total, [, cost]) => total + BigInt(cost), 0n));
          }
          expect(found.reduce((total, { sums }) => total + sums.requests, 0)).toBe(events.length);
          const full = found.filter(({ sums }) => sums.spent >= 20n).map(({ span }) => String(span.start));
          expect(opened.sort()).toEqual(full.sort());
        },
      ),
      { numRuns: 300 },
    );
  });
});

const spend = (
  offset: number,
  ts: number,
  cost: bigint,
  budget: Budget,
  values: readonly string[] = [],
): BudgetEntry => ({
  partition: 0,
  offset,
  requestId: `r${offset}`,
  ts,
  cost,
  tokens: 1,
  matches: [[budget.key, values]],
});
const budgetOf = (change: object): Budget => {
  const [budget] = compileBudgets({
    b: { ...common, period: 'hour', limit_usd: '1', thresholds: [0.5, 0.8, 1], enforcement: 'hard', ...change },
  });
  if (budget === undefined) throw new Error('no budget');
  return budget;
};
const USD = 10n ** 12n;
const lives = (alerts: readonly BudgetAlert[]) => alerts.map(({ threshold, status }) => `${threshold.share} ${status}`);

describe('alerts of a budget', () => {
  it('open at a threshold, are updated by the next, and resolve with the period', () => {
    const budget = budgetOf({});
    const book = new BudgetBook([budget], { lateMs: HOUR });
    const at = (minutes: number) => START + minutes * 60_000;
    book.count(spend(0, START, USD / 2n - 1n, budget), at(0));
    expect(book.takeAlerts()).toEqual([]);
    book.count(spend(1, START + 1, 1n, budget), at(1));
    expect(lives(book.takeAlerts())).toEqual(['0.5 open']);
    book.count(spend(2, START + 2, USD, budget), at(2));
    expect(lives(book.takeAlerts())).toEqual(['0.8 open', '1 open', '0.5 update', '0.8 update']);
    expect(book.takeStandings()).toMatchObject([{ level: 'hard', firedShares: [0.5, 0.8, 1], version: 3 }]);
    expect(book.dueAt).toBe(START + HOUR);
    book.tick(START + HOUR - 1, at(59));
    expect(book.takeAlerts()).toEqual([]);
    book.tick(START + HOUR, at(60));
    expect(lives(book.takeAlerts())).toEqual(['0.5 resolved', '0.8 resolved', '1 resolved']);
    expect(book.dueAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('are raised by a late event for the period of its time, and resolved at once; too late is told, not counted', () => {
    const budget = budgetOf({ thresholds: [1] });
    const book = new BudgetBook([budget], { lateMs: HOUR });
    const loggedAt = START + 3 * HOUR;
    book.count(spend(0, START + HOUR, 1n, budget), loggedAt);
    book.count(spend(1, START + HOUR - 1, USD, budget), loggedAt);
    expect(lives(book.takeAlerts())).toEqual(['1 open', '1 resolved']);
    expect(book.takeStandings().map(({ span, sums }) => [span.start - START, sums.spent])).toEqual([
      [0, USD],
      [HOUR, 1n],
    ]);
    book.count(spend(2, START + 2 * HOUR, 1n, budget), loggedAt);
    expect(book.takeNotices()).toEqual([]);
    book.count(spend(3, START, 1n, budget), loggedAt);
    expect(book.takeNotices()).toEqual([{ kind: 'late', budget }]);
    // A clock that is days ahead moves nobody's time.
    book.count(spend(4, START + 100 * HOUR, 1n, budget), loggedAt);
    book.count(spend(5, START + 2 * HOUR, 1n, budget), loggedAt);
    expect(book.takeNotices()).toEqual([]);
  });

  it('of a rolling window fire again after the window has let go, under another identity', () => {
    const budget = budgetOf({ period: 'rolling 1h', thresholds: [1] });
    const book = new BudgetBook([budget], { lateMs: HOUR });
    book.count(spend(0, START, USD, budget), START);
    book.tick(START + HOUR - 60_000, START + HOUR);
    const first = book.takeAlerts();
    expect(lives(first)).toEqual(['1 open']);
    book.tick(START + HOUR, START + HOUR);
    expect(lives(book.takeAlerts())).toEqual(['1 resolved']);
    expect(book.takeStandings().at(-1)).toMatchObject({ level: 'ok', sums: { spent: 0n, requests: 0 }, version: 2 });
    book.count(spend(1, START + HOUR, USD, budget), START + HOUR);
    const second = book.takeAlerts();
    expect(lives(second)).toEqual(['1 open']);
    expect(second[0]?.span.start).not.toBe(first[0]?.span.start);
  });

  it('count towards the limit in force: top-ups for their period, overrides while they last, for the values they name', () => {
    const reason = 'launch week';
    const none = { until: '', limit: '', add: '', scope: {}, reason };
    const budget = budgetOf({
      per: ['user_id'],
      thresholds: [1],
      adjustments: [
        { ...none, from: '2026-11-25T10:30:00Z', add: '0.5' },
        { ...none, from: '2026-11-25T11:00:00Z', until: '2026-11-25T12:00:00Z', limit: '3', scope: { user_id: 'vip' } },
      ],
    });
    const book = new BudgetBook([budget], { lateMs: HOUR });
    book.count(spend(0, START, USD, budget, ['u']), START);
    expect(book.takeAlerts()).toEqual([]);
    book.count(spend(1, START + 1, USD / 2n, budget, ['u']), START);
    expect(book.takeAlerts()).toMatchObject([
      { status: 'open', limit: { amount: (3n * USD) / 2n, reasons: [reason] } },
    ]);
    for (const [offset, user] of [
      [2, 'u'],
      [3, 'vip'],
    ] as const) {
      book.count(spend(offset, START + HOUR, USD, budget, [user]), START + HOUR);
    }
    expect(book.takeStandings().map(({ scopeKey, level, limit }) => [scopeKey, level, limit.amount])).toEqual([
      ['b|user_id=u', 'hard', (3n * USD) / 2n],
      ['b|user_id=u', 'hard', USD],
      ['b|user_id=vip', 'ok', 3n * USD],
    ]);
    book.count(spend(4, START + 2 * HOUR, USD, budget, ['vip']), START + 2 * HOUR);
    expect(book.takeStandings().at(-1)).toMatchObject({ level: 'hard', limit: { amount: USD, reasons: [] } });
  });

  it('let go at once of a budget that is topped up, though nothing is counted: the states come anew, once', () => {
    const add = { from: '2026-11-25T10:00:00Z', until: '', limit: '', add: '1', scope: {}, reason: 'paid' };
    const before = new BudgetBook([budgetOf({})], { lateMs: HOUR });
    before.count(spend(0, START, USD, budgetOf({})), START);
    expect(before.takeStandings()).toMatchObject([{ level: 'hard', version: 1 }]);
    const after = new BudgetBook([budgetOf({ adjustments: [add] })], { lateMs: HOUR });
    after.restore(before.snapshot());
    expect(after.takeStandings()).toMatchObject([{ level: 'ok', version: 2, limit: { amount: 2n * USD } }]);
    const again = new BudgetBook([budgetOf({ adjustments: [add] })], { lateMs: HOUR });
    again.restore(after.snapshot());
    expect(again.takeStandings()).toEqual([]);
    // The threshold of the period has fired: a higher limit does not make it fire again.
    again.count(spend(1, START + 1, 2n * USD, budgetOf({ adjustments: [add] })), START);
    expect(lives(again.takeAlerts())).toEqual([]);
  });

  it('of a burn rate page within minutes of a spike, once a day, and resolve when it is over', () => {
    const budget = budgetOf({ period: 'month', limit_usd: '720', thresholds: [1], alert_on: { burn_rate: true } });
    const book = new BudgetBook([budget], { lateMs: HOUR });
    const minute = 60_000;
    let offset = 0;
    const told: string[] = [];
    const take = (): void => {
      for (const alert of book.takeAlerts())
        told.push(`${nameOf(alert).split(' ')[0]} ${alert.status} ${(alert.at - START) / minute}`);
    };
    const run = (from: number, to: number, cents: number): void => {
      for (let at = from; at < to; at += 1) {
        book.count(spend(offset, START + at * minute, (BigInt(cents) * USD) / 100n, budget), START + at * minute);
        offset += 1;
        take();
      }
    };
    // One dollar an hour is what the limit allows; thirty are a spike.
    run(0, 120, 1);
    expect(told).toEqual([]);
    run(120, 180, 50);
    // 14.4 dollars in an hour, 36 in six.
    expect(told).toEqual(['fast open 148']);
    for (let at = 180; at < 240; at += 1) {
      if (book.dueAt <= START + at * minute) book.tick(START + at * minute, START + at * minute);
      take();
    }
    expect(told).toEqual(['fast open 148', 'fast resolved 185']);
    run(240, 300, 50);
    expect(told.slice(2)).toEqual(['medium open 249']);
    expect(book.dueAt).toBeLessThanOrEqual(START + 305 * minute);
  });

  it('of a forecast come once a period, with the day and the interval, before the limit is reached', () => {
    const budget = budgetOf({ period: 'month', limit_usd: '250', thresholds: [1], alert_on: { forecast: true } });
    const book = new BudgetBook([budget], { lateMs: HOUR });
    const from = Date.parse('2026-11-01T00:00:00Z');
    const alerts: BudgetAlert[] = [];
    for (let hour = 0; hour < 30 * 24; hour += 1) {
      const ts = from + hour * HOUR;
      book.count(spend(hour, ts, USD / 2n, budget), ts);
      alerts.push(...book.takeAlerts());
    }
    book.tick(Date.parse('2026-12-01T00:00:00Z'), 0);
    alerts.push(...book.takeAlerts());
    expect(alerts.map((alert) => `${alert.pace?.signal.kind ?? alert.threshold.share} ${alert.status}`)).toEqual([
      'forecast open',
      '1 open',
      '1 resolved',
      'forecast resolved',
    ]);
    const signal = alerts[0]?.pace?.signal;
    if (signal?.kind !== 'forecast') throw new Error('no forecast');
    // 12 dollars a day reach 250 in the course of the 21st.
    expect(new Date(signal.forecast.passesAt ?? 0).toISOString().slice(0, 10)).toBe('2026-11-21');
    expect(alerts[0]?.at).toBeLessThan(Date.parse('2026-11-06T00:00:00Z'));
  });

  it('I7 keep a bounded number of combinations: further ones share one state without alerts', () => {
    const budget = budgetOf({ per: ['user_id'], max_scopes: 2, thresholds: [1] });
    const book = new BudgetBook([budget], { lateMs: HOUR });
    for (let user = 0; user < 5; user += 1) {
      book.count(spend(user, START, 2n * USD, budget, [`u ${user}`]), START);
    }
    expect(book.takeNotices()).toHaveLength(3);
    expect(book.takeAlerts()).toHaveLength(2);
    expect(
      book.takeStandings().map(({ scopeKey, scope, level, sums }) => [scopeKey, scope, level, sums.requests]),
    ).toEqual([
      ['b|user_id=u%200', { user_id: 'u 0' }, 'hard', 1],
      ['b|user_id=u%201', { user_id: 'u 1' }, 'hard', 1],
      ['b|other', { user_id: '(other)' }, 'ok', 3],
    ]);
    expect(book.summary()).toEqual([{ budget, share: 2, scopes: 3 }]);
  });
});
