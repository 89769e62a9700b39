import { divideHalfEven } from '@weir/kernel';
import type { StatementLine, TokenClass } from './statement.ts';

/** What the ledger has of one hour, model and class. */
export interface LedgerCell {
  /** Start of the hour (UTC), ms. */
  readonly hourMs: number;
  readonly model: string;
  /** '' for calls whose cost is known as a whole only: then classes are not told apart. */
  readonly tokenClass: TokenClass;
  readonly tier: string;
  /** Tokens that have a price, and what they cost (pico-dollars). */
  readonly quantity: bigint;
  readonly usd: bigint;
  /** Tokens of calls whose cost is unknown. */
  readonly unpriced: bigint;
}

/** Why the provider's figure is another than the ledger's. */
export const REASONS = [
  'credits',
  'time_zone',
  'unpriced',
  'bypassed',
  'unmatched',
  'tier',
  'rounding',
  'unexplained',
] as const;
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
  /** Days of the statement on which the ledger has no call at all: it may not have been there yet. */
  readonly daysWithoutCalls: readonly string[];
  /** False when the ledger has no call on any day of the statement: then nothing was compared. */
  readonly compared: boolean;
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
  const grain = grainOf(charges, ledger);
  const statement = statementCells(charges, grain);
  const days = new Set(charges.map(({ day }) => day));
  const quantitiesOnly = charges.every(({ usd }) => usd === null);
  const counted = charges.every(({ quantity }) => quantity !== null);
  // By money alone, one day at another price looks like another time zone.
  const offsetHours = counted || days.size > 1 ? bestOffset(statement, ledger, days, counted) : 0;
  const inUtc = ledgerCells(ledger, days, 0, grain);
  const shifted = offsetHours === 0 ? inUtc : ledgerCells(ledger, days, offsetHours, grain);
  const totals = Object.fromEntries(REASONS.map((reason) => [reason, 0n])) as Record<Reason, bigint>;
  totals.credits = sum(lines.filter(({ credit }) => credit).map(({ usd }) => usd ?? 0n));
  totals.time_zone = sum([...shifted.values()].map(({ usd }) => usd)) - sum([...inUtc.values()].map(({ usd }) => usd));
  const gaps: Gap[] = [];
  const names = new ModelNames(statement, shifted, ledger);
  for (const key of [...new Set([...statement.keys(), ...shifted.keys()])].sort()) {
    const gap = explain(key, statement.get(key), shifted.get(key), { names, quantitiesOnly });
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
    daysWithoutCalls: daysWithout(days, shifted),
    compared: shifted.size > 0,
  };
}

/** What a statement tells apart; what it does not is added up on both sides. */
interface Grain {
  readonly byModel: boolean;
  readonly byClass: boolean;
  /** Searches, sessions, storage: charged without naming a model. */
  readonly servicesApart: boolean;
}

function grainOf(charges: readonly StatementLine[], ledger: readonly LedgerCell[]): Grain {
  const isService = ({ model, tokenClass }: StatementLine): boolean => model === '' && tokenClass === 'other';
  const tokens = charges.filter((line) => !isService(line));
  return {
    byModel: tokens.every(({ model }) => model !== ''),
    byClass: [...tokens, ...ledger].every(({ tokenClass }) => tokenClass !== ''),
    servicesApart: tokens.length < charges.length,
  };
}

function cellOf(
  { model, tokenClass }: Pick<StatementLine, 'model' | 'tokenClass'>,
  { byModel, byClass, servicesApart }: Grain,
): { readonly model: string; readonly tokenClass: TokenClass } {
  if (servicesApart && tokenClass === 'other') return { model: '', tokenClass };
  return { model: byModel ? modelKey(model) : '', tokenClass: byClass ? tokenClass : '' };
}

function daysWithout(days: ReadonlySet<string>, cells: ReadonlyMap<string, Booked>): string[] {
  const found = new Set([...cells.keys()].map((key) => partsOf(key).day));
  return [...days].filter((day) => !found.has(day)).sort();
}

/** Which models only one side names: the same calls can stand under two names, and money alone does not tell. */
class ModelNames {
  readonly #onDay = new Map<string, { told: Set<string>; booked: Set<string> }>();
  readonly #everBooked: ReadonlySet<string>;

  constructor(
    statement: ReadonlyMap<string, Cell>,
    booked: ReadonlyMap<string, Booked>,
    ledger: readonly LedgerCell[],
  ) {
    for (const key of statement.keys()) this.#of(partsOf(key).day).told.add(partsOf(key).model);
    for (const key of booked.keys()) this.#of(partsOf(key).day).booked.add(partsOf(key).model);
    this.#everBooked = new Set(ledger.map(({ model }) => modelKey(model)));
  }

  /**
   * Whether a model that one side alone names may be one that the other side alone names. A model that the ledger knows
   * from another day is itself.
   */
  mayBeAnother(day: string, model: string): boolean {
    const { told, booked } = this.#of(day);
    if (model === '' || (told.has(model) && booked.has(model))) return false;
    if (told.has(model))
      return !this.#everBooked.has(model) && [...booked].some((name) => name !== '' && !told.has(name));
    return [...told].some((name) => name !== '' && !this.#everBooked.has(name));
  }

  #of(day: string): { told: Set<string>; booked: Set<string> } {
    const found = this.#onDay.get(day) ?? { told: new Set<string>(), booked: new Set<string>() };
    this.#onDay.set(day, found);
    return found;
  }
}

export type Verdict = 'explained' | 'unexplained' | 'nothing_compared';

/**
 * Whether what stays without a reason is within the tolerance (pico-dollars): day by day, and without netting what is
 * unexplained, since two faults that cancel out are two faults. Models that only one side names may be one: they net.
 */
export function verdictOf({ compared, gaps }: Reconciliation, tolerance: bigint): Verdict {
  if (!compared) return 'nothing_compared';
  const unmatched = new Map<string, bigint>();
  let open = 0n;
  for (const { day, reasons } of gaps) {
    open += abs(reasons.unexplained ?? 0n);
    unmatched.set(day, (unmatched.get(day) ?? 0n) + (reasons.unmatched ?? 0n));
  }
  open += sum([...unmatched.values()].map(abs));
  return open <= tolerance ? 'explained' : 'unexplained';
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
    .replace(/-v\d+(:\d+)?$/, '')
    // `Claude Sonnet 4.5 (Amazon Bedrock Edition)` on an invoice is `claude-sonnet-4-5`.
    .replace(/\s*\(.*\)\s*$/, '')
    .replace(/[\s.]+/g, '-');

const keyOf = (day: string, model: string, tokenClass: string): string => JSON.stringify([day, model, tokenClass]);

function partsOf(key: string): { readonly day: string; readonly model: string; readonly tokenClass: TokenClass } {
  const [day, model, tokenClass] = JSON.parse(key) as [string, string, TokenClass];
  return { day, model, tokenClass };
}

function statementCells(lines: readonly StatementLine[], grain: Grain): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const line of lines) {
    const { model, tokenClass } = cellOf(line, grain);
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
  grain: Grain,
): Map<string, Booked> {
  const cells = new Map<string, Booked>();
  for (const row of ledger) {
    const day = new Date(row.hourMs + offsetHours * HOUR_MS).toISOString().slice(0, 10);
    if (!days.has(day)) continue;
    const { model, tokenClass } = cellOf(row, grain);
    const key = keyOf(day, model, tokenClass);
    const cell = cells.get(key) ?? { quantity: 0n, usd: 0n, unpriced: 0n, tiers: new Set() };
    cells.set(key, cell);
    cell.quantity += row.quantity;
    cell.usd += row.usd;
    cell.unpriced += row.unpriced;
    cell.tiers.add(tierKey(row.tier));
  }
  return cells;
}

const ALL_TOGETHER: Grain = { byModel: false, byClass: false, servicesApart: false };

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
    for (const [key, cell] of ledgerCells(ledger, days, offset, ALL_TOGETHER)) {
      const { day } = partsOf(key);
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

function explain(
  key: string,
  told: Cell | undefined,
  booked: Booked = NOTHING_BOOKED,
  { names, quantitiesOnly }: { readonly names: ModelNames; readonly quantitiesOnly: boolean },
): Gap {
  const { day, model, tokenClass } = partsOf(key);
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
  else if (names.mayBeAnother(day, model)) take('unmatched', rest);
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
