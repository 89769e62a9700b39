import { WeirError } from '@weir/kernel';
import type { Adjustment } from './budget.ts';

/** An adjustment as it stands in weir.yaml, with defaults filled in. */
export interface AdjustmentDefinition {
  readonly from: string;
  readonly until: string;
  readonly limit: string;
  readonly add: string;
  readonly scope: Readonly<Record<string, string | readonly string[]>>;
  readonly reason: string;
}

export interface AdjustmentContext {
  readonly field: string;
  readonly per: readonly string[];
  /** Reads an amount in the unit of the limit; undefined when it is none above 0. */
  readonly amountOf: (text: string) => bigint | undefined;
}

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** @throws WeirError `BUDGET_INVALID` with field, value and fix. */
export function compileAdjustment(definition: AdjustmentDefinition, context: AdjustmentContext): Adjustment {
  const { field, per, amountOf } = context;
  const { from, until, limit, add, scope, reason } = definition;
  if ((limit === '') === (add === '')) {
    const value = limit === '' ? 'neither limit nor add' : 'limit and add';
    throw invalid(field, value, 'Give limit: the limit instead, or add: what is put on top.');
  }
  if (reason.trim() === '') throw invalid(`${field}.reason`, reason, 'Say why, for whoever reads the alert.');
  const kind = limit === '' ? 'add' : 'limit';
  const text = kind === 'add' ? add : limit;
  const amount = amountOf(text);
  if (amount === undefined) {
    throw invalid(`${field}.${kind}`, text, 'Write an amount above 0 in the unit of the limit, in quotes: "50.00".');
  }
  const start = timeOf(from, `${field}.from`);
  if (kind === 'add' && until !== '') {
    throw invalid(`${field}.until`, until, 'Leave it out: what is added is for the one period that holds from.');
  }
  const end = until === '' ? endless(kind, start) : timeOf(until, `${field}.until`);
  if (end <= start) throw invalid(`${field}.until`, until, 'Give a time after from.');
  const strange = Object.keys(scope).find((dimension) => !per.includes(dimension));
  if (strange !== undefined) {
    throw invalid(`${field}.scope.${strange}`, strange, 'Name dimensions that the budget lists in per.');
  }
  const wanted = Object.entries(scope).map(([dimension, value]) => {
    return [dimension, new Set(typeof value === 'string' ? [value] : value)] as const;
  });
  return { kind, amount, span: { start, end }, scope: new Map(wanted), reason };
}

/** What is added is for the period of one moment; another limit holds for ever. */
const endless = (kind: Adjustment['kind'], start: number): number =>
  kind === 'add' ? start + 1 : Number.MAX_SAFE_INTEGER;

function timeOf(text: string, field: string): number {
  const time = ISO.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(
    field,
    text,
    'Write a day, 2026-11-20 (from 00:00 UTC), or a time with its zone: 2026-11-20T09:00:00+01:00.',
  );
}

/** Date.parse takes the 31st of November for the 1st of December. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

const invalid = (field: string, value: string, fix: string): WeirError =>
  new WeirError('BUDGET_INVALID', `${field} is "${value}"`, { fix });
