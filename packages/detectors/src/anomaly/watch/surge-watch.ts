import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { WatchDeps } from './moment.ts';
import { isProduction, streamDims } from './stream-dims.ts';

const S = TUNING.surge;
const CHECK_MS = 5 * 60_000;
const SINCE = 0;
const TOLD = 1;
const TOLD_RATIO = 2;
const FIELDS = 3;
const HOUR_MS = 3_600_000;

interface Volume {
  seen: number;
  expected: number;
  /** Variance of the wander of its streams. */
  wander: number;
  streams: number;
  up: number;
  usdAnHour: number;
  /** Of its stream that is up by most. */
  mostSeen: number;
  mostExpected: number;
}

const NOTHING: Volume = {
  seen: 0,
  expected: 0,
  wander: 0,
  streams: 0,
  up: 0,
  usdAnHour: 0,
  mostSeen: 0,
  mostExpected: 0,
};
const excess = (volume: Volume): number => volume.mostSeen - volume.mostExpected;

function add(sum: Volume, one: Volume): Volume {
  const most = excess(one) > excess(sum) ? one : sum;
  return {
    seen: sum.seen + one.seen,
    expected: sum.expected + one.expected,
    wander: sum.wander + one.wander,
    streams: sum.streams + one.streams,
    up: sum.up + one.up,
    usdAnHour: sum.usdAnHour + one.usdAnHour,
    mostSeen: most.mostSeen,
    mostExpected: most.mostExpected,
  };
}

/** More traffic from many users at the usual cost per request: worth knowing, never a page. */
export class SurgeWatch {
  readonly #deps: WatchDeps;
  readonly #streamState = new RecordTable(FIELDS);
  readonly #tenantState = new RecordTable(FIELDS);
  #next = 0;

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    streamState: this.#streamState,
    tenantState: this.#tenantState,
    next: storedValue(
      () => this.#next,
      (next) => {
        this.#next = next;
      },
    ),
  });

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  get bytes(): number {
    return this.#streamState.bytes + this.#tenantState.bytes;
  }

  forget(stream: number): void {
    if (stream < this.#streamState.rows) this.#streamState.clear(stream);
  }

  tick(ts: number): void {
    if (ts < this.#next) return;
    this.#next = ts + CHECK_MS;
    const { streams, ids } = this.#deps;
    const tenants = new Map<number, Volume>();
    for (let row = 0; row < streams.rows; row += 1) {
      if (!this.#isMature(row) || !isProduction(ids.env.nameOf(streams.envOf(row)))) continue;
      const tenant = streams.tenantOf(row);
      tenants.set(tenant, add(tenants.get(tenant) ?? NOTHING, this.#volumeOf(row, ts)));
    }
    for (const [tenant, volume] of tenants) this.#testTenant(tenant, volume, ts);
    for (let row = 0; row < streams.rows; row += 1) {
      const whole = tenants.get(streams.tenantOf(row));
      if (whole !== undefined && this.#isMature(row) && isProduction(ids.env.nameOf(streams.envOf(row))))
        this.#testStream(row, whole, ts);
    }
  }

  #isMature = (row: number): boolean =>
    this.#deps.streams.season.seenDays(row) * 24 * HOUR_MS >= TUNING.life.learnRateMs;

  #volumeOf(row: number, ts: number): Volume {
    const { streams } = this.#deps;
    const seen = streams.surgeSeen(row);
    const expected = streams.surgeExpected(row);
    const calls = 1 / (1 - streams.shape(row).continuation);
    const hours = TUNING.level.surgeMs / HOUR_MS;
    return {
      seen,
      expected,
      wander: (S.wander * expected) ** 2,
      streams: expected > 3 ? 1 : 0,
      up: expected > 3 && seen > 1.2 * expected ? 1 : 0,
      usdAnHour: (Math.max(0, seen - expected) * calls * streams.usdACall(row, ts)) / hours,
      mostSeen: seen,
      mostExpected: expected,
    };
  }

  #isUp({ seen, expected, wander }: Volume, ratio: number, z: number): boolean {
    return seen > ratio * expected && (seen - expected) / Math.sqrt(expected + wander) > z;
  }

  #testTenant(tenant: number, volume: Volume, ts: number): void {
    const state = this.#tenantState;
    state.reach(tenant);
    const rise = volume.seen / volume.expected - 1;
    const rest = (volume.seen - volume.mostSeen) / (volume.expected - volume.mostExpected) - 1;
    const wide = volume.streams >= 2 && volume.up >= 0.6 * volume.streams && rest > S.restShare * rise;
    if (!wide || !this.#isUp(volume, S.tenantRatio, S.tenantZ)) return;
    if (!this.#isNews(state, tenant, volume, ts)) return;
    const dims = { tenant: this.#deps.ids.tenant.nameOf(tenant) };
    this.#report(dims, -1, volume, ts, ts - TUNING.level.surgeMs);
  }

  /** True at first, after hours of silence, and when it has become much more. */
  #isNews(state: RecordTable, row: number, { seen, expected }: Volume, ts: number): boolean {
    const ratio = seen / expected;
    const recent = ts - state.get(row, TOLD) < TUNING.life.repeatMs;
    state.set(row, TOLD, ts);
    if (recent && ratio < S.again * state.get(row, TOLD_RATIO)) return false;
    state.set(row, TOLD_RATIO, ratio);
    return true;
  }

  #testStream(row: number, whole: Volume, ts: number): void {
    const { streams } = this.#deps;
    const state = this.#streamState;
    state.reach(row);
    const volume = this.#volumeOf(row, ts);
    const restExpected = whole.expected - volume.expected;
    const restWander = whole.wander - volume.wander;
    const own = volume.seen / volume.expected;
    const rest = (whole.seen - volume.seen + 1) / (restExpected + 1);
    const restVariance = (1 + restExpected + restWander) / (1 + restExpected) ** 2;
    const restNats = ((rest - own) ** 2 - (rest - 1) ** 2) / (2 * restVariance);
    const restZ = (rest - 1) / Math.sqrt(restVariance);
    const alone = restNats > S.restNats;
    const tenantTold = ts - this.#tenantState.get(streams.tenantOf(row), TOLD) < TUNING.life.repeatMs;
    if (!this.#isUp(volume, S.ratio, S.streamZ) || (tenantTold && !alone)) return void state.set(row, SINCE, 0);
    if (state.get(row, SINCE) === 0) state.set(row, SINCE, ts);
    // The whole tenant may be on its way up: then it says so itself, in a while.
    const held = alone && restZ < S.restZ ? S.holdMs : S.restHoldMs;
    if (ts - state.get(row, SINCE) < held) return;
    streams.freeze(row, ts + HOUR_MS);
    if (!this.#isNews(state, row, volume, ts)) return;
    this.#report(streamDims(this.#deps, row), row, volume, ts, state.get(row, SINCE));
  }

  #report(dims: Record<string, string> | object, stream: number, volume: Volume, ts: number, onset: number): void {
    this.#deps.report({
      kind: 'traffic_surge',
      driver: 'requests',
      direction: 'up',
      ts,
      onset,
      dims,
      cause: dims,
      stream,
      nats: (volume.seen - volume.expected) / Math.sqrt(volume.expected + volume.wander),
      metric: 'sessions',
      observed: volume.seen,
      expected: volume.expected,
      usdAnHour: volume.usdAnHour,
      brief: true,
      evidence: { sessions: `${volume.expected.toFixed(0)} -> ${volume.seen.toFixed(0)}` },
    });
  }
}
