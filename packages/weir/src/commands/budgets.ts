import { type Budget, compileBudgets, limitInForce, scopeKey } from '@weir/detectors';
import { picoFromText, picoToText } from '@weir/kernel';
import type { Command, CommandInput } from './command.ts';
import { queryOverHttp } from './sql.ts';

export const budgets: Command = {
  name: 'budgets',
  usage: '',
  summary: 'List the budgets: spent, limit, share and end of the current period, from the ledger.',
  options: {
    all: { help: 'periods that are over too' },
    json: { help: 'JSON lines instead of a table' },
  },
  examples: ['npm start -- budgets', 'npm start -- budgets --json'],
  run: runBudgets,
};

/** One line of the list. Amounts in the unit of the limit, as text. */
interface BudgetLine {
  readonly budget: string;
  readonly scope: string;
  readonly period_end: string;
  readonly spent: string;
  readonly limit: string;
  readonly share: string;
  readonly state: string;
  /** Requests whose cost is in no sum. */
  readonly unpriced: string;
}

interface StateRow {
  readonly budget_id: string;
  readonly scope_key: string;
  readonly scope: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly starts: string;
  readonly ends: string;
  readonly period_end: string;
  readonly spent_usd: string;
  readonly requests: string;
  readonly tokens: string;
  readonly unpriced: string;
  readonly state: string;
}

const QUERY = (all: boolean): string => `
  SELECT budget_id, scope_key, scope, toUnixTimestamp64Milli(states.period_start) AS starts,
    toUnixTimestamp64Milli(states.period_end) AS ends, formatDateTime(states.period_end, '%F %H:%i') AS period_end,
    spent_usd, requests, tokens, unpriced, state
  FROM budget_states AS states FINAL
  ${all ? '' : 'WHERE states.period_end > now()'}
  ORDER BY budget_id, states.period_end DESC, scope_key`;

async function runBudgets({ settings, options, out, err, signal }: CommandInput): Promise<number> {
  const configured = compileBudgets(settings.config.budgets);
  if (configured.length === 0) {
    err('no budgets are configured; docs/budgets.md says how to write them in weir.yaml');
    return 0;
  }
  const text = await queryOverHttp(settings, QUERY(options['all'] === true), 'JSONEachRow', signal);
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StateRow);
  const lines = configured.flatMap((budget) => linesOf(budget, rows));
  if (options['json'] === true) for (const line of lines) out(JSON.stringify(line));
  else for (const line of table(lines)) out(line);
  return 0;
}

function linesOf(budget: Budget, rows: readonly StateRow[]): BudgetLine[] {
  const own = rows.filter(({ budget_id }) => budget_id === budget.id);
  if (own.length > 0) return own.map((row) => lineOf(budget, row));
  const now = String(Date.now());
  const nothing = {
    scope: {},
    starts: now,
    ends: String(Number(now) + 1),
    period_end: '',
    spent_usd: '0',
    requests: '0',
    tokens: '0',
    unpriced: '0',
    state: 'ok',
  };
  const scope_key = scopeKey({ ...budget, per: [] }, []);
  return [lineOf(budget, { ...nothing, budget_id: budget.id, scope_key })];
}

function lineOf(budget: Budget, row: StateRow): BudgetLine {
  const { kind } = budget.limit;
  const values = budget.per.map((dimension) => row.scope[dimension] ?? '');
  const { amount } = limitInForce(budget, { start: Number(row.starts), end: Number(row.ends) }, values);
  const used = { usd: picoFromText(row.spent_usd), tokens: BigInt(row.tokens), requests: BigInt(row.requests) }[kind];
  const textOf = (value: bigint): string => (kind === 'usd' ? picoToText(value) : String(value));
  const unit = kind === 'usd' ? 'USD' : kind;
  return {
    budget: budget.id,
    scope: decodeURIComponent(row.scope_key.slice(budget.id.length + 1)),
    period_end: row.period_end,
    spent: textOf(used),
    limit: `${textOf(amount)} ${unit}`,
    share: `${percent(used, amount)} %`,
    state: row.state,
    unpriced: row.unpriced,
  };
}

/** One decimal, rounded down: 100 % is the limit reached. */
function percent(used: bigint, limit: bigint): string {
  const tenths = (used * 1_000n) / limit;
  return `${tenths / 10n}.${tenths % 10n}`;
}

function table(lines: readonly BudgetLine[]): string[] {
  const titles: BudgetLine = {
    budget: 'budget',
    scope: 'scope',
    period_end: 'period ends (UTC)',
    spent: 'spent',
    limit: 'limit',
    share: 'share',
    state: 'state',
    unpriced: 'unknown cost',
  };
  const columns = Object.keys(titles) as (keyof BudgetLine)[];
  const widths = columns.map((column) => Math.max(...[titles, ...lines].map((line) => line[column].length)));
  return [titles, ...lines].map((line) =>
    columns
      .map((column, at) => line[column].padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
