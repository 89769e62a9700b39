import { divideHalfEven } from '@weir/kernel';
import type { StatementLine, TokenClass } from './statement.ts';

/** What the ledger has of one hour, model and class. */
export interface LedgerCell {
  /** Start of the hour (UTC), ms. */
  readonly hourMs: number;
  readonly model: string;
  readonly tokenClass: TokenClass;
  readonly tier: string;
  /** Tokens that have a price, and what they cost (pico-dollars). */
  readonly quantity: bigint;
  readonly usd: bigint;
  /** Tokens of calls whose cost is unknown. */
  readonly unpriced: bigint;
}

/** Why the provider's figure is another than the ledger's. */
export const REASONS = ['credits', 'time_zone', 'unpriced', 'bypassed', 'tier', 'rounding', 'unexplained'] as const;
export type Reason = (typeof REASONS)[number];

export interface Gap {
  readonly day: string;
  readonly model: string;
  readonly tokenClass: TokenClass;
  readonly statementUsd: bigint;
  readonly ledgerUsd: bigint;
  readonly reasons: Readonly<Partial<Record<Reason, bigint>>>;
}

export interface Reconciliation {
  /** The statement's days begin this many hours after those of UTC: -8 is Pacific standard time. */
  readonly offsetHours: number;
  readonly statementUsd: bigint;
  /** Of the statement's days, as days of UTC. */
  readonly ledgerUsd: bigint;
  /** Adds up to the difference. */
  readonly reasons: Readonly<Record<Reason, bigint>>;
  /** Cells that differ. */
  readonly gaps: readonly Gap[];
  /** The statement has quantities and no money: then the quantities are compared, at the ledger's own rates. */
  readonly quantitiesOnly: boolean;
}

interface Cell {
  day: string;
  model: string;
  tokenClass: TokenClass;
  quantity: bigint | null;
  usd: bigint | null;
  rounding: bigint;
  tiers: Set<string>;
}

const HOUR_MS = 3_600_000;
const NEARLY_ALL = 20n;
const OFFSETS = [0, ...Array.from({ length: 14 }, (_unused, index) => [-(index + 1), index + 1]).flat()];

/**
 * Compares a statement with the ledger by day, model and token class, and tells of each difference why: credits, another
 * time zone, calls the ledger has no price for, calls it never saw, another tier's price, rounding. What is left is
 * unexplained. The reasons add up to the difference exactly.
 */
export function reconcile(lines: readonly StatementLine[], ledger: readonly LedgerCell[]): Reconciliation {
  const charges = lines.filter(({ credit }) => !credit);
  const byModel = charges.every(({ model }) => model !== '');
  const byClass = charges.every(({ tokenClass }) => tokenClass !== '');
  const statement = statementCells(charges, byModel, byClass);
  const days = new Set(charges.map(({ day }) => day));
  const quantitiesOnly = charges.every(({ usd }) => usd === null);
  const counted = charges.every(({ quantity }) => quantity !== null);
  // By money alone, one day at another price looks like another time zone.
  const offsetHours = counted || days.size > 1 ? bestOffset(statement, ledger, days, counted) : 0;
  const inUtc = ledgerCells(ledger, days, 0, byModel, byClass);
  const shifted = offsetHours === 0 ? inUtc : ledgerCells(ledger, days, offsetHours, byModel, byClass);
  const totals = Object.fromEntries(REASONS.map((reason) => [reason, 0n])) as Record<Reason, bigint>;
  totals.credits = sum(lines.filter(({ credit }) => credit).map(({ usd }) => usd ?? 0n));
  totals.time_zone = sum([...shifted.values()].map(({ usd }) => usd)) - sum([...inUtc.values()].map(({ usd }) => usd));
  const gaps: Gap[] = [];
  for (const key of [...new Set([...statement.keys(), ...shifted.keys()])].sort()) {
    const gap = explain(key, statement.get(key), shifted.get(key), quantitiesOnly);
    if (gap.statementUsd === gap.ledgerUsd) continue;
    gaps.push(gap);
    for (const reason of REASONS) totals[reason] += gap.reasons[reason] ?? 0n;
  }
  const ledgerUsd = sum([...inUtc.values()].map(({ usd }) => usd));
  return {
    offsetHours,
    statementUsd: ledgerUsd + sum(Object.values(totals)),
    ledgerUsd,
    reasons: totals,
    gaps,
    quantitiesOnly,
  };
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

/** A model as both sides write it: without vendor, geography, release date and version. */
export const modelKey = (model: string): string =>
  model
    .toLowerCase()
    .replace(/^.*\//, '')
    .replace(/^(us|eu|apac|jp|au|global)\./, '')
    .replace(/^(anthropic|amazon|meta|mistral|cohere)\./, '')
    .replace(/[-@](20\d{2}-?\d{2}-?\d{2})/, '')
    .replace(/-v\d+(:\d+)?$/, '');

const keyOf = (day: string, model: string, tokenClass: string): string => JSON.stringify([day, model, tokenClass]);

function statementCells(lines: readonly StatementLine[], byModel: boolean, byClass: boolean): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const line of lines) {
    const model = byModel ? modelKey(line.model) : '';
    const tokenClass = byClass ? line.tokenClass : '';
    const key = keyOf(line.day, model, tokenClass);
    const cell: Cell = cells.get(key) ?? {
      day: line.day,
      model,
      tokenClass,
      quantity: null,
      usd: null,
      rounding: 0n,
      tiers: new Set(),
    };
    cells.set(key, cell);
    if (line.quantity !== null) cell.quantity = (cell.quantity ?? 0n) + line.quantity;
    if (line.usd !== null) cell.usd = (cell.usd ?? 0n) + line.usd;
    cell.rounding += line.rounding;
    if (line.tier !== '') cell.tiers.add(tierKey(line.tier));
  }
  return cells;
}

const tierKey = (tier: string): string => (/^(default|auto|standard|)$/i.test(tier) ? 'standard' : tier.toLowerCase());

interface Booked {
  quantity: bigint;
  usd: bigint;
  unpriced: bigint;
  tiers: Set<string>;
}

function ledgerCells(
  ledger: readonly LedgerCell[],
  days: ReadonlySet<string>,
  offsetHours: number,
  byModel: boolean,
  byClass: boolean,
): Map<string, Booked> {
  const cells = new Map<string, Booked>();
  for (const row of ledger) {
    const day = new Date(row.hourMs + offsetHours * HOUR_MS).toISOString().slice(0, 10);
    if (!days.has(day)) continue;
    const key = keyOf(day, byModel ? modelKey(row.model) : '', byClass ? row.tokenClass : '');
    const cell = cells.get(key) ?? { quantity: 0n, usd: 0n, unpriced: 0n, tiers: new Set() };
    cells.set(key, cell);
    cell.quantity += row.quantity;
    cell.usd += row.usd;
    cell.unpriced += row.unpriced;
    cell.tiers.add(tierKey(row.tier));
  }
  return cells;
}

/** The offset under which the days agree best; UTC unless another takes away nearly all of what is between them. */
function bestOffset(
  statement: ReadonlyMap<string, Cell>,
  ledger: readonly LedgerCell[],
  days: ReadonlySet<string>,
  byQuantity: boolean,
): number {
  const told = new Map<string, bigint>();
  for (const { day, usd, quantity } of statement.values()) {
    told.set(day, (told.get(day) ?? 0n) + ((byQuantity ? quantity : usd) ?? 0n));
  }
  const scores = OFFSETS.map((offset) => {
    const booked = new Map<string, bigint>();
    for (const [key, cell] of ledgerCells(ledger, days, offset, false, false)) {
      const [day = ''] = JSON.parse(key) as [string];
      booked.set(day, (booked.get(day) ?? 0n) + (byQuantity ? cell.quantity + cell.unpriced : cell.usd));
    }
    const distance = sum([...days].map((day) => abs((told.get(day) ?? 0n) - (booked.get(day) ?? 0n))));
    return { offset, distance };
  });
  const [utc] = scores;
  const [best] = [...scores].sort((a, b) => (a.distance < b.distance ? -1 : a.distance > b.distance ? 1 : 0));
  return best === undefined || utc === undefined || best.distance * NEARLY_ALL >= utc.distance ? 0 : best.offset;
}

const abs = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

const NOTHING_BOOKED: Booked = { quantity: 0n, usd: 0n, unpriced: 0n, tiers: new Set() };

function explain(key: string, told: Cell | undefined, booked: Booked = NOTHING_BOOKED, quantitiesOnly: boolean): Gap {
  const [day = '', model = '', tokenClass = ''] = JSON.parse(key) as [string, string, TokenClass];
  const reasons: Partial<Record<Reason, bigint>> = {};
  const told0 = told ?? { quantity: null, usd: null, rounding: 0n, tiers: new Set<string>() };
  const statementUsd = quantitiesOnly ? atLedgerRate(told0.quantity ?? 0n, booked) : (told0.usd ?? 0n);
  let rest = statementUsd - booked.usd;
  const take = (reason: Reason, amount: bigint): void => {
    if (amount === 0n) return;
    reasons[reason] = (reasons[reason] ?? 0n) + amount;
    rest -= amount;
  };
  if (abs(rest) <= told0.rounding) take('rounding', rest);
  else if (told0.quantity !== null && told0.quantity > 0n)
    explainQuantities(told0.quantity, statementUsd, booked, take);
  else if (rest > 0n && booked.unpriced > 0n) take('unpriced', rest);
  else if (rest > 0n && booked.quantity === 0n) take('bypassed', rest);
  if (rest !== 0n && isOtherTier(told0, booked, statementUsd)) take('tier', rest);
  take(abs(rest) <= told0.rounding ? 'rounding' : 'unexplained', rest);
  return { day, model, tokenClass, statementUsd, ledgerUsd: booked.usd, reasons };
}

/** Quantities without money are worth what the ledger paid for the same class. */
const atLedgerRate = (quantity: bigint, { quantity: priced, usd }: Booked): bigint =>
  priced === 0n ? 0n : divideHalfEven(usd * quantity, priced);

/** What the ledger saw without a price, and what it never saw, at the statement's own rate. */
function explainQuantities(
  quantity: bigint,
  statementUsd: bigint,
  booked: Booked,
  take: (reason: Reason, amount: bigint) => void,
): void {
  const over = quantity - booked.quantity;
  if (over <= 0n) return;
  let unpriced = over;
  if (unpriced > booked.unpriced) unpriced = booked.unpriced;
  take('unpriced', divideHalfEven(statementUsd * unpriced, quantity));
  take('bypassed', divideHalfEven(statementUsd * (over - unpriced), quantity));
}

/** Batch and flex cost half, priority more: the sides name different tiers, or one is half of the other. */
function isOtherTier(told: Pick<Cell, 'tiers' | 'rounding'>, booked: Booked, statementUsd: bigint): boolean {
  if (booked.usd === 0n || statementUsd === 0n) return false;
  if (told.tiers.size > 0 && booked.tiers.size > 0) return ![...told.tiers].some((tier) => booked.tiers.has(tier));
  return (
    abs(statementUsd * 2n - booked.usd) <= told.rounding * 2n ||
    abs(statementUsd - booked.usd * 2n) <= told.rounding * 2n
  );
}
