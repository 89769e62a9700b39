import { type Clock, sleep, WeirError } from '@weir/kernel';
import type { RequestRow } from '../api/answers.ts';
import { requestRow } from '../api/requests.ts';
import type { Filters } from '../query/filters.ts';
import type { Ledger } from '../query/ledger.ts';
import { arrivalsStatement } from '../query/requests-statement.ts';
import { createArrivals } from './arrivals.ts';

/** Where a viewer's events go. */
export interface Viewer {
  /** Rows that are new to this viewer, oldest first. */
  rows(rows: readonly RequestRow[]): void;
  /** Some rows were passed over: the viewer should read the list anew. */
  gap(): void;
  /** The warehouse did not answer; the feed goes on trying. */
  unavailable(error: unknown): void;
}

/** New ledger rows as they arrive: one poller per filter set, shared by all its viewers. */
export interface LiveFeed {
  /**
   * Starts sending; `lastId` is the last row id the viewer saw, if it is coming back.
   * @throws WeirError `CONSOLE_BUSY` when there are as many viewers or filter sets as allowed.
   */
  watch(filters: Filters, lastId: string | undefined, viewer: Viewer): Watching;
  /** Ends every poller. */
  stop(): Promise<void>;
}

export interface Watching {
  /** Rows since `lastId`, oldest first; undefined when that row is too old to tell. */
  readonly missed: readonly RequestRow[] | undefined;
  leave(): void;
}

export interface LiveFeedLimits {
  readonly viewers: number;
  /** Different filter sets at once, each with a query per `pollMs`. */
  readonly pollers: number;
  readonly pollMs: number;
  /** Most rows of one poll; more is a gap. */
  readonly rows: number;
}

/** A row becomes visible some time after its `inserted_at`, so each poll looks back further than the last one's end. */
const OVERLAP_MS = 10_000;
const LOOKBACK_MAX_MS = 120_000;

interface Poller {
  readonly viewers: Set<Viewer>;
  readonly arrivals: ReturnType<typeof createArrivals>;
  readonly ended: AbortController;
  done: Promise<void>;
}

export function createLiveFeed(dependencies: { ledger: Ledger; clock: Clock; limits: LiveFeedLimits }): LiveFeed {
  const { ledger, clock, limits } = dependencies;
  const pollers = new Map<string, Poller>();

  async function poll(filters: Filters, poller: Poller): Promise<void> {
    let lastMs = clock.monotonic();
    while (!poller.ended.signal.aborted) {
      const startMs = clock.monotonic();
      const wantedMs = Math.ceil(startMs - lastMs) + OVERLAP_MS;
      const statement = arrivalsStatement(filters, Math.min(wantedMs, LOOKBACK_MAX_MS), limits.rows);
      try {
        const found = (await ledger.rows(statement, 'live', poller.ended.signal)).map(requestRow);
        const fresh = poller.arrivals.admit(found.reverse());
        const passedOver = wantedMs > LOOKBACK_MAX_MS || fresh.length === limits.rows;
        for (const viewer of poller.viewers) {
          if (fresh.length > 0) viewer.rows(fresh);
          if (passedOver) viewer.gap();
        }
        lastMs = startMs;
      } catch (error) {
        if (poller.ended.signal.aborted) return;
        for (const viewer of poller.viewers) viewer.unavailable(error);
      }
      await sleep(limits.pollMs, poller.ended.signal);
    }
  }

  function startPoller(filters: Filters): Poller {
    if (pollers.size >= limits.pollers) throw busy(`${limits.pollers} different live views are open already`);
    const poller: Poller = {
      viewers: new Set(),
      arrivals: createArrivals({ replayed: limits.rows, remembered: limits.rows * 20 }),
      ended: new AbortController(),
      done: Promise.resolve(),
    };
    poller.done = poll(filters, poller);
    return poller;
  }

  return {
    watch(filters, lastId, viewer) {
      const viewers = [...pollers.values()].reduce((sum, poller) => sum + poller.viewers.size, 0);
      if (viewers >= limits.viewers) throw busy(`${limits.viewers} live viewers are connected already`);
      const key = JSON.stringify(filters);
      const poller = pollers.get(key) ?? startPoller(filters);
      pollers.set(key, poller);
      poller.viewers.add(viewer);
      return {
        missed: lastId === undefined ? [] : poller.arrivals.after(lastId),
        leave() {
          poller.viewers.delete(viewer);
          if (poller.viewers.size > 0 || pollers.get(key) !== poller) return;
          pollers.delete(key);
          poller.ended.abort();
        },
      };
    },
    async stop() {
      const all = [...pollers.values()];
      pollers.clear();
      for (const poller of all) poller.ended.abort();
      await Promise.all(all.map((poller) => poller.done));
    },
  };
}

function busy(message: string): WeirError {
  return new WeirError('CONSOLE_BUSY', message, { retriable: true, fix: 'Close a tab, or use the same filters.' });
}
