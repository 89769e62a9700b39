import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { WatchDeps } from './moment.ts';
import { isProduction, streamDims } from './stream-dims.ts';

const S = TUNING.surge;
const CHECK_MS = 5 * 60_000;
const SINCE = 0;
const TOLD = 1;
const FIELDS = 2;
const HOUR_MS = 3_600_000;

interface Volume {
  seen: number;
  expected: number;
  /** Variance of the wander of its streams. */
  wander: number;
  streams: number;
  up: number;
  usdAnHour: number;
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
      const volume = this.#volumeOf(row, ts);
      const sum = tenants.get(streams.tenantOf(row)) ?? {
        seen: 0,
        expected: 0,
        wander: 0,
        streams: 0,
        up: 0,
        usdAnHour: 0,
      };
      for (const key of Object.keys(sum) as (keyof Volume)[]) sum[key] += volume[key];
      tenants.set(streams.tenantOf(row), sum);
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
    };
  }

  #isUp({ seen, expected, wander }: Volume, ratio: number, z: number): boolean {
    return seen > ratio * expected && (seen - expected) / Math.sqrt(expected + wander) > z;
  }

  #testTenant(tenant: number, volume: Volume, ts: number): void {
    const state = this.#tenantState;
    state.reach(tenant);
    const wide = volume.streams >= 2 && volume.up >= 0.6 * volume.streams;
    if (!wide || !this.#isUp(volume, S.tenantRatio, S.tenantZ)) return;
    if (ts - state.get(tenant, TOLD) < TUNING.life.repeatMs) return void state.set(tenant, TOLD, ts);
    state.set(tenant, TOLD, ts);
    const dims = { tenant: this.#deps.ids.tenant.nameOf(tenant) };
    this.#report(dims, -1, volume, ts, ts - TUNING.level.surgeMs);
  }

  #testStream(row: number, whole: Volume, ts: number): void {
    const { streams } = this.#deps;
    const state = this.#streamState;
    state.reach(row);
    const volume = this.#volumeOf(row, ts);
    const restExpected = whole.expected - volume.expected;
    const restWander = whole.wander - volume.wander;
    const restZ = (whole.seen - volume.seen - restExpected) / Math.sqrt(1 + restExpected + restWander);
    const tenantTold = ts - this.#tenantState.get(streams.tenantOf(row), TOLD) < TUNING.life.repeatMs;
    if (!this.#isUp(volume, S.ratio, S.streamZ) || tenantTold) return void state.set(row, SINCE, 0);
    if (state.get(row, SINCE) === 0) state.set(row, SINCE, ts);
    // The whole tenant may be on its way up: then it says so itself, in a while.
    const held = restZ > S.restZ ? S.restHoldMs : S.holdMs;
    if (ts - state.get(row, SINCE) < held) return;
    streams.freeze(row, ts + HOUR_MS);
    if (ts - state.get(row, TOLD) < TUNING.life.repeatMs) return void state.set(row, TOLD, ts);
    state.set(row, TOLD, ts);
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
