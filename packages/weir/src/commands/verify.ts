import { COST_GROUP } from '@weir/cost';
import type { EventLog } from '@weir/event-log';
import { EVENTS } from '@weir/events';
import { picoToText, WeirError } from '@weir/kernel';
import { LOADER_GROUPS } from '@weir/loader';
import { compareRollups, type RollupDrift, type Warehouse } from '@weir/warehouse';
import { openHttpWarehouse } from '@weir/warehouse/drivers/http';
import { timeOption } from '../ledger/time-option.ts';
import { type Committed, type Comparison, compareLedger } from '../verify/compare-ledger.ts';
import { readLedger } from '../verify/read-ledger.ts';
import { readLogFacts, type TimeWindow } from '../verify/read-log-facts.ts';
import type { Command, CommandInput } from './command.ts';
import { sqlAccess } from './sql.ts';
import { openExistingLog } from './subscribe.ts';

export const verify: Command = {
  name: 'verify',
  usage: '',
  summary: 'Prove the ledger: every id of the log is in it once, every amount is the logged one, every rollup agrees.',
  options: {
    from: { value: 'time', help: 'start of the window of event time, ISO 8601 (default: 24 hours ago)' },
    to: { value: 'time', help: 'its end (default: now)' },
    json: { help: 'one JSON object instead of lines' },
  },
  examples: ['npm start -- verify', 'npm start -- verify --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z'],
  run: runVerify,
};

const DAY_MS = 86_400_000;
const NAMED_MAX = 20;

async function runVerify(input: CommandInput): Promise<number> {
  const now = Date.now();
  const window = { fromMs: timeOption(input, 'from', now - DAY_MS), toMs: timeOption(input, 'to', now) };
  if (window.fromMs >= window.toMs) {
    throw new WeirError('CLI_USAGE', '--from is not before --to', { fix: 'Swap them.' });
  }
  const log = await openExistingLog(input.settings);
  const { url, username, password } = sqlAccess(input.settings);
  const warehouse = openHttpWarehouse({ url, username, password, deployment: { mode: 'single' } });
  try {
    const comparison = await compareAll(input, log, warehouse, window);
    const drifts = await stableDrifts(warehouse, window, now);
    return report(input, window, comparison, drifts);
  } finally {
    await warehouse.close();
    await log.close();
  }
}

async function compareAll(
  input: CommandInput,
  log: EventLog,
  warehouse: Warehouse,
  window: TimeWindow,
): Promise<Comparison> {
  // Commits first: what is logged after them counts as on its way.
  const cost = await committedOf(log, COST_GROUP, EVENTS.request.topic);
  const loader = await committedOf(log, LOADER_GROUPS.requests, EVENTS.cost.topic);
  const facts = await readLogFacts(log, window, (topic, records) => input.err(`${topic}: ${records} records read`));
  return compareLedger(facts, await readLedger(warehouse, window), { cost, loader });
}

async function committedOf(log: EventLog, group: string, topic: string): Promise<Committed> {
  const partitions = await log.lag(group, topic);
  return new Map(partitions.map(({ partition, committed, startOffset }) => [partition, committed ?? startOffset]));
}

/** Drift of whole hours that two looks find alike: an insert in flight differs between them. */
async function stableDrifts(warehouse: Warehouse, { fromMs, toMs }: TimeWindow, nowMs: number): Promise<RollupDrift[]> {
  const hours = { fromMs: Math.floor(fromMs / 3_600_000) * 3_600_000, toMs: Math.ceil(toMs / 3_600_000) * 3_600_000 };
  const first = await compareRollups(warehouse, hours, nowMs);
  if (first.length === 0) return [];
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const keyOf = (drift: RollupDrift): string =>
    `${drift.rollup} ${drift.period} ${drift.ledger.requests} ${drift.found.requests}`;
  const again = new Set((await compareRollups(warehouse, hours, nowMs)).map(keyOf));
  return first.filter((drift) => again.has(keyOf(drift)));
}

function report(
  { options, out }: CommandInput,
  window: TimeWindow,
  comparison: Comparison,
  drifts: readonly RollupDrift[],
): number {
  const { missing, doubled, misstated, inFlight, loggedUsd, ledgerUsd } = comparison;
  const ok = missing.length + doubled.length + misstated.length + drifts.length === 0;
  const [from, to] = [new Date(window.fromMs).toISOString(), new Date(window.toMs).toISOString()];
  if (options['json'] === true) {
    const usd = { loggedUsd: picoToText(loggedUsd), ledgerUsd: picoToText(ledgerUsd) };
    const found = drifts.map(({ rollup, period, ledger, found: seen }) => ({
      rollup,
      period,
      requests: `${seen.requests} of ${ledger.requests}`,
      usd: `${picoToText(seen.costUsd)} of ${picoToText(ledger.costUsd)}`,
    }));
    out(JSON.stringify({ ok, from, to, ...comparison, ...usd, drifts: found }));
    return ok ? 0 : 1;
  }
  const line = (good: boolean, text: string): void => out(`${good ? '✓' : '✗'} ${text}`);
  const named = (ids: readonly string[]): string =>
    ids.length === 0 ? '' : `: ${ids.slice(0, NAMED_MAX).join(', ')}${ids.length > NAMED_MAX ? ', …' : ''}`;
  out(`${from} to ${to}`);
  line(
    true,
    `${comparison.idsInLog} ids in the log, ${comparison.idsInLedger} in the ledger, ${comparison.dead} given up`,
  );
  line(missing.length === 0, `${missing.length} missing from the ledger${named(missing)}`);
  line(doubled.length === 0, `${doubled.length} in it more than once${named(doubled)}`);
  line(misstated.length === 0, `${misstated.length} with another amount than was logged${named(misstated)}`);
  line(true, `${inFlight.length} on their way`);
  line(
    loggedUsd === ledgerUsd,
    `${picoToText(loggedUsd)} USD logged, ${picoToText(ledgerUsd)} USD in the ledger for the same ids (${comparison.unpriced} of unknown cost)`,
  );
  line(drifts.length === 0, `${drifts.length} rollup periods that differ from the rows`);
  for (const { rollup, period, ledger, found } of drifts.slice(0, NAMED_MAX)) {
    out(
      `    ${rollup} ${period}: ${found.requests} of ${ledger.requests} rows, ${picoToText(found.costUsd)} of ${picoToText(ledger.costUsd)} USD`,
    );
  }
  return ok ? 0 : 1;
}
