import { EVENTS } from '@weir/events';
import type { LogFacts, LoggedEvent } from './read-log-facts.ts';

/** One id as the ledger has it: how many rows, and their cost in pico-dollars (null = unknown). */
export interface LedgerEntry {
  readonly rows: number;
  readonly costUsd: bigint | null;
}

/** Up to which offset (exclusive) a group has committed, by partition. */
export type Committed = ReadonlyMap<number, number>;

export interface Comparison {
  readonly idsInLog: number;
  readonly idsInLedger: number;
  /** Logged, and not handled yet: they will come. */
  readonly inFlight: readonly string[];
  /** Logged and committed past, but in no row and no dead letter. Must be empty. */
  readonly missing: readonly string[];
  /** In more than one row. Must be empty. */
  readonly doubled: readonly string[];
  /** The ledger's amount is not the logged one. Must be empty. */
  readonly misstated: readonly string[];
  readonly dead: number;
  /** Of the ids that both have, in pico-dollars; an unknown cost counts as nothing and is counted. */
  readonly loggedUsd: bigint;
  readonly ledgerUsd: bigint;
  readonly unpriced: number;
}

/** Compares ids and money of the log with the ledger's rows of the same window. Pure. */
export function compareLedger(
  log: LogFacts,
  ledger: ReadonlyMap<string, LedgerEntry>,
  committed: { readonly cost: Committed; readonly loader: Committed },
): Comparison {
  const missing: string[] = [];
  const inFlight: string[] = [];
  const misstated: string[] = [];
  let dead = 0;
  let loggedUsd = 0n;
  let ledgerUsd = 0n;
  let unpriced = 0;
  const ids = new Set([...log.requests.keys(), ...log.costs.keys()]);
  for (const id of ids) {
    const cost = log.costs.get(id);
    const entry = ledger.get(id);
    if (entry !== undefined) {
      if (cost === undefined) continue;
      loggedUsd += cost.costUsd ?? 0n;
      ledgerUsd += entry.costUsd ?? 0n;
      if (entry.costUsd === null) unpriced += 1;
      if (entry.rows === 1 && entry.costUsd !== cost.costUsd) misstated.push(id);
      continue;
    }
    const request = log.requests.get(id);
    if (isDead(log, request, EVENTS.request.topic) || isDead(log, cost, EVENTS.cost.topic)) dead += 1;
    else if (isWaiting(cost, committed.loader) || (cost === undefined && isWaiting(request, committed.cost))) {
      inFlight.push(id);
    } else missing.push(id);
  }
  const doubled = [...ledger].filter(([, { rows }]) => rows > 1).map(([id]) => id);
  const sums = { loggedUsd, ledgerUsd, unpriced, dead };
  return { idsInLog: ids.size, idsInLedger: ledger.size, inFlight, missing, doubled, misstated, ...sums };
}

const isDead = ({ dead }: LogFacts, event: LoggedEvent | undefined, topic: string): boolean =>
  event !== undefined && dead.has(`${topic}/${event.partition}/${event.offset}`);

/** A partition that the group never committed to has everything before it. */
const isWaiting = (event: LoggedEvent | undefined, committed: Committed): boolean =>
  event !== undefined && event.offset >= (committed.get(event.partition) ?? 0);
