import { cusum } from '../models/cusum.ts';
import { type ThinnedSessions, thinSessions } from '../models/session-process.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { Moment, WatchDeps } from './moment.ts';
import { streamDims } from './stream-dims.ts';

const SHARES = TUNING.outage.shares;
const DOWN = 0;
const ONSET = DOWN + SHARES.length;
const LEVEL = ONSET + 1;
const PEAK = LEVEL + 1;
const RECORD = LEVEL + 2;
/** The sessions as they were when the likelihoods were last worked out. */
const CONTINUATION = LEVEL + 3;
const GAP = LEVEL + 4;
/** Sessions per ms that were to be expected at the last tick; 0 when it was too quiet to tell. */
const RATE = LEVEL + 5;
/** Up to when silence has been counted. */
const COUNTED = LEVEL + 6;
const FIELDS = LEVEL + 7;

/** Evidence beyond this tells nothing new, and would have to be worked off when calls come again. */
const CAP = 2 * TUNING.outage.threshold;
const REFRESH_CALLS = 64;
const HOUR_MS = 3_600_000;

/** For each share of the calls that may still get through. */
interface Expectation {
  readonly calls: number;
  readonly wander: number;
  readonly thinned: readonly ThinnedSessions[];
  /** Of the logarithm of the rate of sessions, given away to what wanders. */
  readonly margins: readonly number[];
  /** Part of the expected sessions that would be missing, at the least. */
  readonly missing: readonly number[];
}

/** Silence and brown-outs: the sessions of a stream against the same sessions with calls missing. */
export class OutageWatch {
  readonly #deps: WatchDeps;
  readonly #table = new RecordTable(FIELDS);
  readonly #expectations: (Expectation | undefined)[] = [];

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    table: this.#table,
  });

  get bytes(): number {
    return this.#table.bytes;
  }

  forget(stream: number): void {
    if (stream < this.#table.rows) this.#table.clear(stream);
    delete this.#expectations[stream];
  }

  observe({ event, stream, continued }: Moment, gapMs: number): void {
    const table = this.#table;
    // The silence before a call is what the call answers: by the half minute a busy stream would look silent in between.
    this.#countSilence(stream, event.ts);
    const { thinned, margins } = this.#expect(stream);
    for (let at = 0; at < SHARES.length; at += 1) {
      const { logStartShare, logShare, gapSlope, lostChildren } = thinned[at] as ThinnedSessions;
      const child = continued === 0 ? 0 : continued * (logShare + gapMs * gapSlope);
      const ratio = (1 - continued) * (logStartShare + (margins[at] as number)) + child + lostChildren;
      table.set(stream, DOWN + at, cusum(table.get(stream, DOWN + at), ratio));
    }
  }

  /** `ms` of time have passed. */
  tick(ts: number, ms: number): void {
    const { streams } = this.#deps;
    for (let stream = 0; stream < streams.rows; stream += 1) {
      if (stream >= this.#table.rows) this.#table.reach(stream);
      this.#tickStream(stream, ts, ms);
    }
  }

  /** Nobody watched up to `ts`: what did not come until then says nothing. */
  skip(ts: number): void {
    for (let stream = 0; stream < this.#table.rows; stream += 1) this.#table.set(stream, COUNTED, ts);
  }

  #tickStream(stream: number, ts: number, ms: number): void {
    const { streams } = this.#deps;
    const table = this.#table;
    const season = streams.seasonalRate(stream);
    let most = 0;
    for (let at = 0; at < SHARES.length; at += 1) most = Math.max(most, table.get(stream, DOWN + at));
    if (most < TUNING.outage.freezeNats) table.set(stream, LEVEL, streams.fastLevel(stream));
    if (most === 0) this.#endRun(stream, ts - ms);
    const rate = season * table.get(stream, LEVEL);
    // Too quiet to tell silence from night: what was gathered by day is not kept for the morning.
    if (rate * HOUR_MS < TUNING.outage.leastSessionsAnHour) {
      for (let at = 0; at < SHARES.length; at += 1) table.set(stream, DOWN + at, 0);
      this.#endRun(stream, ts);
      table.set(stream, RATE, 0);
      table.set(stream, COUNTED, ts);
      return;
    }
    // Calls of a time that was too quiet to count answered no silence: it begins now.
    if (table.get(stream, RATE) === 0) table.set(stream, COUNTED, ts);
    table.set(stream, RATE, rate);
    this.#countSilence(stream, ts);
    for (let at = 0; at < SHARES.length; at += 1) most = Math.max(most, table.get(stream, DOWN + at));
    table.set(stream, PEAK, Math.max(table.get(stream, PEAK), most));
    if (most > this.#threshold(stream)) this.#found(stream, ts, most);
  }

  /** Evidence of the time up to `ts` in which no call came. */
  #countSilence(stream: number, ts: number): void {
    const table = this.#table;
    const expected = table.get(stream, RATE) * (ts - table.get(stream, COUNTED));
    if (!(expected > 0)) return;
    table.set(stream, COUNTED, ts);
    const { missing } = this.#expect(stream);
    for (let at = 0; at < SHARES.length; at += 1) {
      const down = table.get(stream, DOWN + at) + (missing[at] as number) * expected;
      table.set(stream, DOWN + at, Math.min(CAP, down));
    }
  }

  /** What a stream has done before without being down is not news. */
  #threshold(stream: number): number {
    return Math.max(TUNING.outage.threshold, this.#table.get(stream, RECORD) + TUNING.outage.overRecord);
  }

  #endRun(stream: number, ts: number): void {
    const table = this.#table;
    const peak = table.get(stream, PEAK);
    // A run that was told of was no quiet time.
    if (peak < this.#threshold(stream)) {
      table.set(stream, RECORD, Math.max(table.get(stream, RECORD) * TUNING.recordKept, peak));
    }
    table.set(stream, PEAK, 0);
    table.set(stream, ONSET, ts);
  }

  #found(stream: number, ts: number, nats: number): void {
    const { streams, report } = this.#deps;
    if (!this.#isMature(stream)) return;
    const wide = this.#silentTogether(stream);
    const scope = streamDims(this.#deps, stream);
    const dims = wide.length > 1 ? { tenant: String(scope.tenant) } : scope;
    const callsOf = (row: number): number => (this.#rate(row) * HOUR_MS) / (1 - streams.shape(row).continuation);
    const calls = wide.reduce((sum, row) => sum + callsOf(row), 0);
    const usdAnHour = wide.reduce((sum, row) => sum + callsOf(row) * streams.usdACall(row, ts), 0);
    for (const row of wide) streams.freeze(row, ts + HOUR_MS);
    report({
      kind: 'outage',
      driver: 'requests',
      direction: 'down',
      ts,
      onset: this.#table.get(stream, ONSET),
      dims,
      cause: dims,
      stream: wide.length > 1 ? -1 : stream,
      nats,
      metric: 'requests_per_hour',
      observed: 0,
      expected: calls,
      usdAnHour,
      brief: true,
      evidence: { expected_requests_an_hour: calls.toFixed(0) },
    });
  }

  #isMature(stream: number): boolean {
    return this.#deps.streams.season.seenDays(stream) * 24 * HOUR_MS >= TUNING.life.learnRateMs;
  }

  /** Sessions per ms that are to be expected. */
  #rate = (stream: number): number => this.#deps.streams.seasonalRate(stream) * this.#table.get(stream, LEVEL);

  /** The streams of the tenant when nearly all of what it should be calling is missing; else the stream alone. */
  #silentTogether(stream: number): readonly number[] {
    const { streams } = this.#deps;
    const { leastSessionsAnHour, wideShare, wideNats } = TUNING.outage;
    const table = this.#table;
    const own: number[] = [];
    let expected = 0;
    let silent = 0;
    for (let row = 0; row < table.rows; row += 1) {
      const busy = this.#rate(row) * HOUR_MS >= leastSessionsAnHour;
      if (!streams.isLive(row) || streams.tenantOf(row) !== streams.tenantOf(stream) || !busy) continue;
      if (!this.#isMature(row)) continue;
      expected += this.#rate(row);
      let most = 0;
      for (let at = 0; at < SHARES.length; at += 1) most = Math.max(most, table.get(row, DOWN + at));
      if (most < wideNats) continue;
      silent += this.#rate(row);
      own.push(row);
    }
    return own.length > 1 && silent >= wideShare * expected ? own : [stream];
  }

  /** The sessions of a stream change slowly: the likelihoods are worked out every so many calls, and when its wander is learnt. */
  #expect(stream: number): Expectation {
    const { streams } = this.#deps;
    const table = this.#table;
    const calls = streams.calls(stream);
    const wander = streams.wander(stream);
    const known = this.#expectations[stream];
    const stale = calls % REFRESH_CALLS === 0 && known?.calls !== calls;
    if (known !== undefined && !stale && known.wander === wander) return known;
    if (stale || table.get(stream, GAP) === 0) {
      const { continuation, gapMs } = streams.shape(stream);
      table.set(stream, CONTINUATION, continuation);
      table.set(stream, GAP, gapMs);
    }
    const shape = { continuation: table.get(stream, CONTINUATION), gapMs: table.get(stream, GAP) };
    const thinned = SHARES.map((share) => thinSessions(shape, share));
    // No more than half of what would be missing is given away to what wanders.
    const margins = thinned.map(({ logStartShare }, at) =>
      Math.min((TUNING.outage.margins[at] as number) * wander, -0.5 * logStartShare),
    );
    const missing = thinned.map(({ startShare }, at) => Math.exp(-(margins[at] as number)) - startShare);
    const fresh = { calls, wander, thinned, margins, missing };
    this.#expectations[stream] = fresh;
    return fresh;
  }
}
