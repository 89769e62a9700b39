import { bernoulliLogRatio, betaMean, cusum } from '../models/cusum.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { Moment, WatchDeps } from './moment.ts';
import { streamDims } from './stream-dims.ts';

const SHARES = TUNING.cache.shares;
const LOG_SHARES = SHARES.map((share) => Math.log(share));
const HITS = 0;
const CALLS = 1;
const INPUT = 2;
const CACHED = 3;
const DOWN = 4;
const ONSET = DOWN + SHARES.length;
const RUN_HITS = ONSET + 1;
const RUN_CALLS = ONSET + 2;
const FROZEN = ONSET + 3;
const FIELDS = ONSET + 4;

/** The share of the requests of a stream that read from the cache. */
export class CacheWatch {
  readonly #deps: WatchDeps;
  readonly #table = new RecordTable(FIELDS);

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
  }

  observe({ event, stream }: Moment): void {
    const table = this.#table;
    table.reach(stream);
    const { strength, leastCalls, leastShare, threshold, memory } = TUNING.cache;
    const hit = event.cached > 0;
    const usual = betaMean(table.get(stream, HITS), table.get(stream, CALLS), 0.1, strength);
    if (table.get(stream, CALLS) > leastCalls && usual > leastShare) {
      let most = 0;
      for (let at = 0; at < SHARES.length; at += 1) {
        const ratio = hit
          ? (LOG_SHARES[at] as number)
          : bernoulliLogRatio(false, usual, usual * (SHARES[at] as number));
        const sum = Math.min(1.5 * threshold, cusum(table.get(stream, DOWN + at), ratio));
        table.set(stream, DOWN + at, sum);
        most = Math.max(most, sum);
      }
      if (most === 0) {
        table.set(stream, ONSET, event.ts);
        table.set(stream, RUN_HITS, 0);
        table.set(stream, RUN_CALLS, 0);
      }
      table.add(stream, RUN_HITS, hit ? 1 : 0);
      table.add(stream, RUN_CALLS, 1);
      if (most > threshold) this.#found(stream, event.ts, usual, most);
    }
    if (table.get(stream, FROZEN) > event.ts) return;
    table.add(stream, HITS, hit ? 1 : 0);
    table.add(stream, CALLS, 1);
    table.add(stream, INPUT, event.input);
    table.add(stream, CACHED, event.cached);
    if (table.get(stream, CALLS) < memory) return;
    for (let field = HITS; field <= CACHED; field += 1) table.set(stream, field, table.get(stream, field) / 2);
  }

  #found(stream: number, ts: number, usual: number, nats: number): void {
    const { streams, report } = this.#deps;
    const table = this.#table;
    const old = ts - table.get(stream, ONSET) > TUNING.life.adoptMs;
    table.set(stream, FROZEN, old ? 0 : ts + TUNING.life.repeatMs);
    if (old) return;
    const dims = streamDims(this.#deps, stream);
    const now = table.get(stream, RUN_HITS) / table.get(stream, RUN_CALLS);
    // A cached token costs a quarter or less of a fresh one, and input is most of the bill of whoever caches.
    const cachedShare = Math.min(0.9, table.get(stream, CACHED) / Math.max(1, table.get(stream, INPUT)));
    const dearer = (0.6 * cachedShare * (1 - now / usual)) / (1 - 0.6 * cachedShare);
    report({
      kind: 'cache_collapse',
      driver: 'cache',
      direction: 'up',
      ts,
      onset: table.get(stream, ONSET),
      dims,
      cause: dims,
      stream,
      nats,
      metric: 'cache_hit_share',
      observed: now,
      expected: usual,
      usdAnHour: (streams.usdADay(stream, ts) / 24) * dearer,
      brief: false,
      evidence: { cache_hit_share: `${usual.toFixed(3)} -> ${now.toFixed(3)}` },
    });
  }
}
