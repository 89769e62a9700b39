import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, picoToText, type SharedLock } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import {
  type AuditWindow,
  compareRollups,
  DAY_MS,
  openSeals,
  type RollupDrift,
  type RollupSeal,
  rebuildRollups,
  type Warehouse,
  writeSeal,
} from '@weir/warehouse';

export interface RollupAuditConfig {
  /** How often the rollups of today, yesterday and one older day in turn are compared with the rows, ms. */
  readonly everyMs: number;
  /** Whether a rollup that is wrong is made anew. */
  readonly repair: boolean;
  /**
   * True when this process is the only one that inserts (the embedded warehouse): then inserts wait while it compares,
   * and the open hour can be judged. Else only hours that are closed are.
   */
  readonly alone: boolean;
}

export interface RollupAudit {
  /** Asks for the days of these times (ms) to be compared soon. */
  soon(times: Iterable<number>): void;
  stop(): Promise<void>;
}

export interface RollupAuditDependencies {
  readonly warehouse: Warehouse;
  /** Shared by every insert of this process. */
  readonly inserts: SharedLock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Whether it is this process's turn: one of several loaders audits. */
  isMine(): boolean;
}

const HOUR_MS = 3_600_000;
/** Rows of an hour that come later than this after its end show as drift until they have landed. */
const CLOSED_AFTER_MS = 10 * 60_000;
const DRIFTS_SHOWN = 5;
/** Days before yesterday that are compared in turn, one at each regular audit. */
const OLDER_DAYS = 30;
const ASKED_MAX = 64;
const PICO_PER_USD = 1e12;

/**
 * Compares rollups with the rows they sum, at regular times and after every range that was in doubt; makes the days that
 * disagree anew. `weir_rollup_drift_usd` and `weir_rollup_drift_requests` must be 0.
 */
export function startRollupAudit(config: RollupAuditConfig, dependencies: RollupAuditDependencies): RollupAudit {
  const { clock, logger, metrics } = dependencies;
  const usd = metrics.gauge('weir_rollup_drift_usd', 'Money by which rollups differ from the ledger; must be 0.');
  const requests = metrics.gauge('weir_rollup_drift_requests', 'Rows by which rollups differ from the ledger.');
  const audits = metrics.counter('weir_rollup_audits_total', 'Comparisons of rollups with rows.', ['result']);
  usd.set(0);
  requests.set(0);
  let asked = new Set<number>();
  let regularAudits = 0;
  let nextRegularMs = clock.monotonic() + config.everyMs;
  let running: Promise<void> = Promise.resolve();

  const report = (drifts: readonly RollupDrift[]): void => {
    usd.set(
      drifts.reduce((sum, { ledger, found }) => sum + Math.abs(Number(ledger.costUsd - found.costUsd)), 0) /
        PICO_PER_USD,
    );
    requests.set(
      drifts.reduce((sum, { ledger, found }) => sum + Math.abs(Number(ledger.requests - found.requests)), 0),
    );
  };
  const audit = async (days: readonly number[]): Promise<void> => {
    const all: RollupDrift[] = [];
    let held = false;
    for (const day of days) {
      const drifts = await auditDay(day, config, dependencies);
      if (drifts === 'held') held = true;
      else all.push(...drifts);
    }
    audits.inc({ result: all.length > 0 ? 'drift' : held ? 'held' : 'equal' });
    report(all);
  };
  const tick = (): void => {
    const regular = clock.monotonic() >= nextRegularMs;
    if (!regular && asked.size === 0) return;
    const today = Math.floor(clock.now() / DAY_MS) * DAY_MS;
    if (regular) nextRegularMs = clock.monotonic() + config.everyMs;
    if (!dependencies.isMine() && !config.alone) {
      // Kept for when it is this process's turn; until then the auditor comes by, which takes older days in turn.
      asked = new Set([...asked].slice(-ASKED_MAX));
      return;
    }
    const days = regular ? new Set([...asked, olderDay(today, regularAudits), today - DAY_MS, today]) : asked;
    if (regular) regularAudits += 1;
    asked = new Set();
    running = running
      .then(() => audit([...days]))
      .catch((error: unknown) => {
        audits.inc({ result: 'failed' });
        logger.error({ error }, 'the audit of the rollups failed; it is tried again at the next one');
      });
  };
  const timer = setInterval(tick, 1_000);
  timer.unref();
  return {
    soon(times) {
      for (const time of times) asked.add(Math.floor(time / DAY_MS) * DAY_MS);
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

const olderDay = (today: number, count: number): number => today - (2 + (count % OLDER_DAYS)) * DAY_MS;

/** Compares one day, and mends it when allowed; returns what is wrong in the end, `held` while a repricing writes. */
async function auditDay(
  day: number,
  config: RollupAuditConfig,
  dependencies: RollupAuditDependencies,
): Promise<RollupDrift[] | 'held'> {
  const { warehouse, inserts, clock } = dependencies;
  const now = clock.now();
  const closed = Math.floor((now - CLOSED_AFTER_MS) / HOUR_MS) * HOUR_MS;
  const window = { fromMs: day, toMs: config.alone ? day + DAY_MS : Math.min(day + DAY_MS, closed) };
  if (window.fromMs >= window.toMs) return [];
  const audit = async (): Promise<RollupDrift[] | 'held'> => {
    if ((await compareRollups(warehouse, window, now)).length === 0) return [];
    return underSeal(day, dependencies, () => mendDay(day, window, config, dependencies));
  };
  return config.alone ? inserts.exclusive(audit) : audit();
}

/** Looks again with the day sealed against repricings: what one of them was about to write is no drift. */
async function underSeal(
  dayMs: number,
  { warehouse, clock, logger }: RollupAuditDependencies,
  work: () => Promise<RollupDrift[]>,
): Promise<RollupDrift[] | 'held'> {
  const runId = `audit/${randomUUID()}`;
  const holder = `${hostname()}/${process.pid}`;
  const seal: RollupSeal = { kind: 'audit', runId, chunk: 0, dayMs, holder, rows: 0, priceBookVersion: '' };
  await writeSeal(warehouse, seal, 'open', clock.now());
  try {
    const chunks = await openSeals(warehouse, 'chunk', dayMs);
    if (chunks.length === 0) return await work();
    const day = new Date(dayMs).toISOString().slice(0, 10);
    logger.warn(
      { day, runs: [...new Set(chunks.map((chunk) => chunk.runId))] },
      'the audit leaves a day to a repricing',
    );
    return 'held';
  } finally {
    await writeSeal(warehouse, seal, 'closed', clock.now());
  }
}

async function mendDay(
  day: number,
  window: AuditWindow,
  config: RollupAuditConfig,
  { warehouse, clock, logger }: RollupAuditDependencies,
): Promise<RollupDrift[]> {
  const compare = (): Promise<RollupDrift[]> => compareRollups(warehouse, window, clock.now());
  const drifts = await compare();
  if (drifts.length === 0) return drifts;
  const shown = drifts.slice(0, DRIFTS_SHOWN).map(describeDrift);
  logger.error(
    { day: new Date(day).toISOString().slice(0, 10), drifts: drifts.length, shown },
    'rollups differ from the ledger',
  );
  // Beside other writers, only a day that gets no more rows can be made anew.
  if (!config.repair || (!config.alone && window.toMs < day + DAY_MS)) return drifts;
  await rebuildRollups(warehouse, day);
  const left = await compare();
  logger.warn({ day: new Date(day).toISOString().slice(0, 10), left: left.length }, 'rollups of the day made anew');
  return left;
}

const describeDrift = ({ rollup, period, ledger, found }: RollupDrift): object => ({
  rollup,
  period,
  requests: `${found.requests} of ${ledger.requests}`,
  usd: `${picoToText(found.costUsd)} of ${picoToText(ledger.costUsd)}`,
});
