/** How fast a scope uses its limit up: burn rates over several windows, and where the period is going. */
import { type Budget, ROLLING_STEPS } from './budget.ts';
import { type Forecast, forecast } from './forecast.ts';
import type { Moment, SpanState } from './scope-ledger.ts';
import { measure } from './sums.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A window and a short one that says whether it still goes on: both have to burn that many times as fast as the limit allows. */
export interface BurnWindow {
  readonly name: 'fast' | 'medium' | 'slow';
  readonly severity: 'critical' | 'warning';
  /** In buckets of the ring. */
  readonly long: readonly [ring: RingName, buckets: number];
  readonly short: readonly [ring: RingName, buckets: number];
  /** Tenths. */
  readonly factor: bigint;
}

/** The multi-window, multi-burn-rate values of the SRE workbook: 2 % of a month in an hour, 5 % in six, 10 % in a day. */
const BURN_WINDOWS: readonly BurnWindow[] = [
  { name: 'fast', severity: 'critical', long: ['fives', 12], short: ['fives', 1], factor: 144n },
  { name: 'medium', severity: 'critical', long: ['hours', 6], short: ['fives', 6], factor: 60n },
  { name: 'slow', severity: 'warning', long: ['hours', 24], short: ['hours', 2], factor: 30n },
];

const RINGS = {
  fives: { bucketMs: 5 * MINUTE_MS, kept: 12 },
  hours: { bucketMs: HOUR_MS, kept: 24 },
  days: { bucketMs: DAY_MS, kept: 29 },
} as const;
type RingName = keyof typeof RINGS;

export type PaceSignal =
  | {
      readonly kind: 'burn';
      readonly window: BurnWindow;
      /** Used in the long window, and its length. */
      readonly used: bigint;
      readonly longMs: number;
    }
  | { readonly kind: 'forecast'; readonly forecast: Forecast };

export interface PaceTransition {
  readonly status: 'open' | 'resolved';
  readonly signal: PaceSignal;
  /** Part of the identity: a burn rate fires once a day (UTC), a forecast once a period. */
  readonly since: number;
}

interface Fired {
  readonly since: number;
  readonly signal: PaceSignal;
  /** When it may be over: of a burn rate the next look, of a forecast the end of its period. */
  readonly until: number;
  open: boolean;
}

/** Signals with bigint as text. */
type StoredSignal = { readonly burn: readonly [name: string, used: string] } | { readonly forecast: Forecast };
interface PaceJson {
  readonly since: number;
  readonly rings: Readonly<Record<RingName, readonly (readonly [bucket: number, amount: string])[]>>;
  readonly fired: readonly (readonly [
    key: string,
    since: number,
    until: number,
    open: boolean,
    signal: StoredSignal,
  ])[];
  readonly looked: number;
}

export class Pace {
  readonly #budget: Budget;
  readonly #rings: Readonly<Record<RingName, Map<number, bigint>>>;
  readonly #fired = new Map<string, Fired>();
  /** The day after the first event: the first that is whole. */
  #since: number;
  /** The hour of the last look ahead. */
  #looked: number;

  constructor(budget: Budget, stored?: unknown) {
    const json = stored as PaceJson | undefined;
    this.#budget = budget;
    const ring = (name: RingName): Map<number, bigint> =>
      new Map(json?.rings[name].map(([bucket, amount]) => [bucket, BigInt(amount)]));
    this.#rings = { fives: ring('fives'), hours: ring('hours'), days: ring('days') };
    this.#since = json?.since ?? Number.POSITIVE_INFINITY;
    this.#looked = json?.looked ?? 0;
    for (const [key, since, until, open, signal] of json?.fired ?? []) {
      this.#fired.set(key, { since, until, open, signal: signalOf(signal) });
    }
  }

  /** The next moment at which an open alert may be over. */
  dueAt(time: number): number {
    const { bucketMs } = RINGS.fives;
    const next = (Math.floor(time / bucketMs) + 1) * bucketMs;
    const open = [...this.#fired.values()].filter((fired) => fired.open);
    return Math.min(...open.map(({ until }) => Math.max(until, next)), Number.POSITIVE_INFINITY);
  }

  add(amount: bigint, ts: number, moment: Moment, state: SpanState): PaceTransition[] {
    for (const name of Object.keys(RINGS) as RingName[])
      this.#put(name, Math.min(ts, moment.time), amount, moment.time);
    this.#since = Math.min(this.#since, (Math.floor(ts / DAY_MS) + 1) * DAY_MS);
    return this.advance(moment, state);
  }

  advance(moment: Moment, state: SpanState): PaceTransition[] {
    return [
      ...(this.#budget.alertOn.burnRate ? this.#burn(moment.time, state) : []),
      ...(this.#budget.alertOn.forecast ? this.#lookAhead(moment.time, state) : []),
    ];
  }

  toJson(): PaceJson {
    const ring = (name: RingName) => [...this.#rings[name]].map(([at, amount]) => [at, String(amount)] as const);
    return {
      since: this.#since,
      rings: { fives: ring('fives'), hours: ring('hours'), days: ring('days') },
      fired: [...this.#fired].map(([key, { since, until, open, signal }]) => [key, since, until, open, stored(signal)]),
      looked: this.#looked,
    };
  }

  #put(name: RingName, ts: number, amount: bigint, now: number): void {
    const { bucketMs, kept } = RINGS[name];
    const ring = this.#rings[name];
    const bucket = Math.floor(ts / bucketMs);
    const oldest = Math.floor(now / bucketMs) - kept + 1;
    if (bucket < oldest) return;
    if (!ring.has(bucket)) for (const at of ring.keys()) if (at < oldest) ring.delete(at);
    ring.set(bucket, (ring.get(bucket) ?? 0n) + amount);
  }

  #used([name, buckets]: readonly [RingName, number], now: number): bigint {
    const newest = Math.floor(now / RINGS[name].bucketMs);
    let used = 0n;
    for (let at = newest - buckets + 1; at <= newest; at += 1) used += this.#rings[name].get(at) ?? 0n;
    return used;
  }

  #burn(now: number, state: SpanState): PaceTransition[] {
    const transitions: PaceTransition[] = [];
    const periodMs = BigInt(periodLength(this.#budget, state));
    const day = Math.floor(now / DAY_MS) * DAY_MS;
    for (const window of BURN_WINDOWS) {
      const share = (part: BurnWindow['long']): bigint => state.limit.amount * window.factor * lengthOf(part);
      // Where a window would stand for more than half of the limit, the thresholds tell it.
      if (2n * window.factor * lengthOf(window.long) > 10n * periodMs) continue;
      const burns = (part: BurnWindow['long'], used: bigint): boolean => 10n * periodMs * used >= share(part);
      // With the bucket before: the one under way may have begun a moment ago.
      const [ring, buckets] = window.short;
      const goesOn = burns(window.short, this.#used([ring, buckets + 1], now));
      const key = `burn ${window.name}`;
      const fired = this.#fired.get(key);
      if (fired?.open === true && !goesOn) {
        fired.open = false;
        transitions.push({ status: 'resolved', signal: fired.signal, since: fired.since });
      }
      if (!goesOn || fired?.open === true || fired?.since === day || !burns(window.long, this.#used(window.long, now)))
        continue;
      const signal: PaceSignal = {
        kind: 'burn',
        window,
        used: this.#used(window.long, now),
        longMs: Number(lengthOf(window.long)),
      };
      this.#fired.set(key, { since: day, until: now, open: true, signal });
      transitions.push({ status: 'open', signal, since: day });
    }
    return transitions;
  }

  #lookAhead(now: number, { span, sums, limit }: SpanState): PaceTransition[] {
    const { period } = this.#budget;
    const transitions: PaceTransition[] = [];
    const fired = this.#fired.get('forecast');
    if (fired?.open === true && (now >= span.end || fired.since !== span.start)) {
      fired.open = false;
      transitions.push({ status: 'resolved', signal: fired.signal, since: fired.since });
    }
    const hour = Math.floor(now / HOUR_MS);
    const longEnough = period.kind === 'calendar' && period.unit !== 'hour' && period.unit !== 'day';
    if (!longEnough || hour === this.#looked || now >= span.end || fired?.since === span.start) return transitions;
    this.#looked = hour;
    const used = Number(measure(this.#budget, sums));
    if (used >= Number(limit.amount)) return transitions;
    const found = forecast({ now, end: span.end, used, limit: Number(limit.amount), days: this.#wholeDays(now) });
    if (found === undefined || found.passesAt === null) return transitions;
    const signal: PaceSignal = { kind: 'forecast', forecast: found };
    this.#fired.set('forecast', { since: span.start, until: span.end, open: true, signal });
    return [...transitions, { status: 'open', signal, since: span.start }];
  }

  #wholeDays(now: number): number[] {
    const today = Math.floor(now / DAY_MS);
    const first = Math.max(today - RINGS.days.kept + 1, Math.floor(this.#since / DAY_MS));
    return Array.from({ length: Math.max(0, today - first) }, (_, at) =>
      Number(this.#rings.days.get(first + at) ?? 0n),
    );
  }
}

const lengthOf = ([name, buckets]: BurnWindow['long']): bigint => BigInt(RINGS[name].bucketMs * buckets);

const periodLength = ({ period }: Budget, { span }: SpanState): number =>
  period.kind === 'rolling' ? period.stepMs * ROLLING_STEPS : span.end - span.start;

const stored = (signal: PaceSignal): StoredSignal =>
  signal.kind === 'burn' ? { burn: [signal.window.name, String(signal.used)] } : { forecast: signal.forecast };

function signalOf(json: StoredSignal): PaceSignal {
  if ('forecast' in json) return { kind: 'forecast', forecast: json.forecast };
  const [name, used] = json.burn;
  const window = BURN_WINDOWS.find((candidate) => candidate.name === name) ?? (BURN_WINDOWS[0] as BurnWindow);
  return { kind: 'burn', window, used: BigInt(used), longMs: Number(lengthOf(window.long)) };
}
