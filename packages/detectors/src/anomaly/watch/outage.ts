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
const FIELDS = LEVEL + 5;

/** Evidence beyond this tells nothing new, and would have to be worked off when calls come again. */
const CAP = 2 * TUNING.outage.threshold;
const REFRESH_CALLS = 64;
const HOUR_MS = 3_600_000;

/** Silence and brown-outs: the sessions of a stream against the same sessions with calls missing. */
export class OutageWatch {
  readonly #deps: WatchDeps;
  readonly #table = new RecordTable(FIELDS);
  readonly #thinned: (ThinnedSessions[] | undefined)[] = [];

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
    delete this.#thinned[stream];
  }

  observe({ stream, continued }: Moment, gapMs: number): void {
    const table = this.#table;
    for (let at = 0; at < SHARES.length; at += 1) {
      const { logStartShare, logShare, gapSlope, lostChildren } = this.#thin(stream, at);
      const child = continued === 0 ? 0 : continued * (logShare + gapMs * gapSlope);
      const ratio = (1 - continued) * logStartShare + child + lostChildren;
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
      return;
    }
    for (let at = 0; at < SHARES.length; at += 1) {
      const sure = rate * Math.exp(-(TUNING.outage.margins[at] as number) * streams.wander(stream));
      const lost = (1 - this.#thin(stream, at).startShare) * sure * ms;
      table.set(stream, DOWN + at, Math.min(CAP, table.get(stream, DOWN + at) + lost));
      most = Math.max(most, table.get(stream, DOWN + at));
    }
    table.set(stream, PEAK, Math.max(table.get(stream, PEAK), most));
    if (most > this.#threshold(stream)) this.#found(stream, ts, rate, most);
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

  #found(stream: number, ts: number, rate: number, nats: number): void {
    const { streams, report } = this.#deps;
    if (streams.season.seenDays(stream) * 24 * HOUR_MS < TUNING.life.learnRateMs) return;
    const calls = (rate * HOUR_MS) / (1 - streams.shape(stream).continuation);
    const dims = streamDims(this.#deps, stream);
    report({
      kind: 'outage',
      driver: 'requests',
      direction: 'down',
      ts,
      onset: this.#table.get(stream, ONSET),
      dims,
      cause: dims,
      stream,
      nats,
      metric: 'requests_per_hour',
      observed: 0,
      expected: calls,
      usdAnHour: calls * streams.usdACall(stream, ts),
      brief: true,
      evidence: { expected_requests_an_hour: calls.toFixed(0) },
    });
  }

  /** The sessions of a stream change slowly: the likelihoods are worked out every so many calls. */
  #thin(stream: number, at: number): ThinnedSessions {
    const table = this.#table;
    const known = this.#thinned[stream];
    const stale = this.#deps.streams.calls(stream) % REFRESH_CALLS === 0;
    if (known !== undefined && !stale) return known[at] as ThinnedSessions;
    if (stale || table.get(stream, GAP) === 0) {
      const { continuation, gapMs } = this.#deps.streams.shape(stream);
      table.set(stream, CONTINUATION, continuation);
      table.set(stream, GAP, gapMs);
    }
    const shape = { continuation: table.get(stream, CONTINUATION), gapMs: table.get(stream, GAP) };
    const fresh = SHARES.map((share) => thinSessions(shape, share));
    this.#thinned[stream] = fresh;
    return fresh[at] as ThinnedSessions;
  }
}
