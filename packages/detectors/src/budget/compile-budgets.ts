import { nearest, parseDecimal, picoFromText, WeirError } from '@weir/kernel';
import {
  type Budget,
  type BudgetFilter,
  type BudgetLimit,
  type BudgetPeriod,
  ROLLING_STEPS,
  type Threshold,
} from './budget.ts';
import { type AdjustmentDefinition, compileAdjustment } from './compile-adjustments.ts';
import { BUDGET_DIMENSIONS, isDimension } from './dimensions.ts';
import { CALENDAR_UNITS, type CalendarUnit, createZonedPeriods } from './zoned-period.ts';

/** A budget as it stands in weir.yaml, with defaults filled in. */
export interface BudgetDefinition {
  readonly scope: Readonly<Record<string, string | readonly string[]>>;
  readonly per: readonly string[];
  readonly max_scopes: number;
  readonly period: string;
  readonly time_zone: string;
  readonly starts_on?: number;
  readonly limit_usd: string;
  readonly limit_tokens: number;
  readonly limit_requests: number;
  readonly thresholds: readonly number[];
  readonly enforcement: 'soft' | 'hard';
  readonly cut_streams?: boolean;
  readonly adjustments?: readonly AdjustmentDefinition[];
  readonly alert_on?: { readonly burn_rate: boolean; readonly forecast: boolean };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** What a budget-state event can hold: decimal(18,12). */
const LIMIT_USD_MAX = 1_000_000n * 10n ** 12n;

/** Checks and prepares the budgets of the configuration. @throws WeirError `BUDGET_INVALID` with field, value and fix. */
export function compileBudgets(definitions: Readonly<Record<string, BudgetDefinition>>): Budget[] {
  return Object.entries(definitions).flatMap(([id, definition]) => {
    // Each limit beside the first is a budget of its own: it has states, thresholds and alerts of its own.
    return compileLimits(id, definition).map((limit, at) => compileBudget(id, definition, limit, at === 0));
  });
}

function compileBudget(id: string, definition: BudgetDefinition, limit: BudgetLimit, first: boolean): Budget {
  const field = (name: string): string => `budgets.${id}.${name}`;
  const filters = Object.entries(definition.scope).map(([dimension, value]): BudgetFilter => {
    checkDimension(dimension, field(`scope.${dimension}`));
    return { dimension, values: new Set(typeof value === 'string' ? [value] : value) };
  });
  definition.per.forEach((dimension, at) => {
    checkDimension(dimension, field(`per.${at}`));
    if (definition.per.indexOf(dimension) !== at) throw invalid(field(`per.${at}`), dimension, 'List it once.');
    const filter = filters.find((candidate) => candidate.dimension === dimension);
    if (filter?.values.size === 1) {
      throw invalid(field(`per.${at}`), dimension, 'scope already holds it to one value: leave it out of per.');
    }
  });
  const period = compilePeriod(definition, field);
  const adjustments = (first ? (definition.adjustments ?? []) : []).map((adjustment, at) =>
    compileAdjustment(adjustment, {
      field: field(`adjustments.${at}`),
      per: definition.per,
      amountOf: (text) => amountOf(limit.kind, text),
    }),
  );
  const name = first ? id : `${id}.${limit.kind}`;
  const counted = JSON.stringify([
    filters.map(({ dimension, values }) => [dimension, [...values].sort()]).sort(),
    definition.per,
    period,
    limit.kind,
  ]);
  return {
    id: name,
    key: `${name}~${fingerprint(counted)}`,
    filters,
    per: definition.per,
    period,
    limit,
    adjustments,
    alertOn: {
      burnRate: definition.alert_on?.burn_rate ?? false,
      forecast: definition.alert_on?.forecast ?? false,
    },
    terms: fingerprint(JSON.stringify([String(limit.amount), definition.enforcement, definition.adjustments ?? []])),
    thresholds: compileThresholds(definition.thresholds, field('thresholds')),
    enforcement: definition.enforcement,
    cutStreams: definition.enforcement === 'hard' && definition.cut_streams === true,
    scopesMax: definition.max_scopes,
  };
}

function checkDimension(name: string, field: string): void {
  if (isDimension(name)) return;
  const near = nearest(name, BUDGET_DIMENSIONS);
  const known = `Use one of ${BUDGET_DIMENSIONS.join(', ')}, or tags.<key> for another metadata entry.`;
  throw invalid(field, name, near === undefined ? known : `Did you mean ${near}? ${known}`);
}

function compilePeriod(definition: BudgetDefinition, field: (name: string) => string): BudgetPeriod {
  const rolling = /^rolling ([1-9]\d{0,3})([hd])$/.exec(definition.period);
  if (rolling !== null) {
    const hours = Number(rolling[1]) * (rolling[2] === 'd' ? 24 : 1);
    return { kind: 'rolling', stepMs: (hours * HOUR_MS) / ROLLING_STEPS };
  }
  if (!(CALENDAR_UNITS as readonly string[]).includes(definition.period)) {
    const fix = `Write ${CALENDAR_UNITS.join(', ')}, or rolling with hours or days: rolling 24h, rolling 7d.`;
    throw invalid(field('period'), definition.period, fix);
  }
  const unit = definition.period as CalendarUnit;
  const startsOn = compileStart(unit, definition.starts_on ?? 1, field('starts_on'));
  try {
    createZonedPeriods(unit, definition.time_zone)(0);
  } catch {
    const fix = 'Write an IANA name such as UTC, Europe/Berlin or America/New_York.';
    throw invalid(field('time_zone'), definition.time_zone, fix);
  }
  // Left out where it is the usual one: the key of a budget that had none stays.
  return { kind: 'calendar', unit, timeZone: definition.time_zone, ...(startsOn === 1 ? {} : { startsOn }) };
}

function compileStart(unit: CalendarUnit, startsOn: number, field: string): number {
  const most = { hour: 1, day: 1, week: 7, month: 31, quarter: 31, year: 31 }[unit];
  if (startsOn <= most) return startsOn;
  const fix = unit === 'week' ? 'Write 1 (Monday) to 7 (Sunday).' : `An ${unit} has no first day: leave it out.`;
  throw invalid(field, String(startsOn), fix);
}

/** The limits that are given, money first. */
function compileLimits(id: string, definition: BudgetDefinition): BudgetLimit[] {
  const { limit_usd: usd, limit_tokens: tokens, limit_requests: requests } = definition;
  const limits: BudgetLimit[] = [];
  const field = `budgets.${id}.limit_usd`;
  if (usd !== '') {
    const amount = amountOf('usd', usd);
    const fix = 'Write an amount above 0 and below 1000000 as text, with at most 12 decimals: "250.00".';
    if (amount === undefined) throw invalid(field, usd, fix);
    limits.push({ kind: 'usd', amount });
  }
  if (tokens > 0) limits.push({ kind: 'tokens', amount: BigInt(tokens) });
  if (requests > 0) limits.push({ kind: 'requests', amount: BigInt(requests) });
  if (limits.length > 0) return limits;
  throw invalid(field, 'no limit at all', 'Give limit_usd, limit_tokens, limit_requests, or several of them.');
}

/** An amount above 0 in the unit of the limit; undefined when the text is none. */
function amountOf(kind: BudgetLimit['kind'], text: string): bigint | undefined {
  if (kind !== 'usd') return /^[1-9]\d{0,15}$/.test(text) ? BigInt(text) : undefined;
  try {
    const amount = picoFromText(text);
    return amount > 0n && amount < LIMIT_USD_MAX ? amount : undefined;
  } catch {
    return undefined;
  }
}

function compileThresholds(shares: readonly number[], field: string): Threshold[] {
  const sorted = [...new Set(shares)].sort((a, b) => a - b);
  if (sorted.length !== shares.length) throw invalid(field, shares.join(', '), 'List each share once.');
  // The number's own shortest text: 0.8 is exactly 8/10, whatever the nearest float is.
  return sorted.map((share) => ({ share, ...parseDecimal(String(share)) }));
}

const invalid = (field: string, value: string, fix: string): WeirError =>
  new WeirError('BUDGET_INVALID', `${field} is "${value}"`, { fix });

/** FNV-1a, 32 bits, 8 hex digits: tells definitions apart, protects nothing. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
