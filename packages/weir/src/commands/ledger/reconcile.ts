import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { picoFromText, picoToText, WeirError } from '@weir/kernel';
import {
  reconcile as compare,
  REASONS,
  type Reconciliation,
  readStatement,
  type StatementLine,
  type Verdict,
  verdictOf,
} from '@weir/reconcile';
import type { Warehouse } from '@weir/warehouse';
import { openLedger } from '../../ledger/maintenance.ts';
import { readLedgerCells, readProviders } from '../../ledger/read-ledger-cells.ts';
import { readStatementFile } from '../../ledger/read-statement-file.ts';
import { textTable } from '../../ledger/text-table.ts';
import type { Command, CommandInput } from '../command.ts';

export const reconcile: Command = {
  name: 'reconcile',
  usage: '<file…>',
  summary: "Compare a provider's statement with the ledger and say why they differ; fails when it cannot.",
  options: {
    provider: {
      value: 'slugs',
      help: 'providers of the statement, comma-separated (default: what its form tells, else all)',
    },
    tolerance: { value: 'usd', help: 'how much may stay unexplained (default 0.01)' },
    json: { help: 'one JSON object instead of a table' },
  },
  examples: [
    'npm start -- reconcile openai-costs.json openai-usage.json',
    'npm start -- reconcile cost-report.csv --provider aws-bedrock --tolerance 0.50',
  ],
  run: runReconcile,
};

const DAY_MS = 86_400_000;
const GAPS_SHOWN = 40;

async function runReconcile(input: CommandInput): Promise<number> {
  const { positionals, options, settings } = input;
  if (positionals.length === 0) {
    throw new WeirError('CLI_USAGE', 'reconcile needs a statement', { fix: 'weir reconcile openai-costs.json' });
  }
  const tolerance = picoFromText(String(options['tolerance'] ?? '0.01'));
  const { lines, providers } = await readAll(positionals);
  const days = lines.map(({ day }) => Date.parse(day));
  if (days.length === 0) throw new WeirError('STATEMENT_INVALID', 'the statement has no lines');
  const asked = options['provider'] === undefined ? providers : String(options['provider']).split(',');
  // A day of another time zone begins up to 14 hours earlier or later.
  const window = { fromMs: Math.min(...days) - DAY_MS, toMs: Math.max(...days) + 2 * DAY_MS };
  const warehouse = await openLedger(settings);
  try {
    const result = compare(lines, await readLedgerCells(warehouse, window, asked));
    const verdict = verdictOf(result, tolerance);
    report(input, result, verdict);
    if (options['json'] !== true) {
      input.out(verdict === 'nothing_compared' ? await nothingCompared(warehouse, window, asked) : VERDICTS[verdict]);
    }
    return verdict === 'explained' ? 0 : 1;
  } finally {
    await warehouse.close();
  }
}

const VERDICTS = { explained: 'The statement is explained.', unexplained: 'The statement is not explained.' } as const;

/** What the ledger has instead: the statement of a provider that was never called is no gap of the ledger's. */
async function nothingCompared(
  warehouse: Warehouse,
  window: { readonly fromMs: number; readonly toMs: number },
  asked: readonly string[],
): Promise<string> {
  const found = await readProviders(warehouse, window);
  const whose = asked.length === 0 ? '' : ` of ${asked.join(', ')}`;
  const has = found.length === 0 ? 'it has none of any provider' : `it has calls of ${found.join(', ')}`;
  return `The ledger has no calls${whose} on the days of the statement (${has}): nothing was compared.`;
}

async function readAll(files: readonly string[]): Promise<{ lines: StatementLine[]; providers: string[] }> {
  const scratch = await mkdtemp(join(tmpdir(), 'weir-statement-'));
  try {
    const lines: StatementLine[] = [];
    const providers = new Set<string>();
    for (const file of files) {
      const statement = readStatement(await readStatementFile(file, scratch), file);
      lines.push(...statement.lines);
      providers.add(statement.provider);
    }
    return { lines, providers: providers.has('') ? [] : [...providers] };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function report({ options, out }: CommandInput, result: Reconciliation, verdict: Verdict): void {
  const { offsetHours, statementUsd, ledgerUsd, quantitiesOnly, daysWithoutCalls } = result;
  const gaps = result.gaps.map((gap) => ({
    day: gap.day,
    model: gap.model,
    class: gap.tokenClass,
    statement_usd: picoToText(gap.statementUsd),
    ledger_usd: picoToText(gap.ledgerUsd),
    difference_usd: picoToText(gap.statementUsd - gap.ledgerUsd),
    reasons: Object.fromEntries(Object.entries(gap.reasons).map(([reason, usd]) => [reason, picoToText(usd)])),
  }));
  const reasons = Object.fromEntries(REASONS.map((reason) => [reason, picoToText(result.reasons[reason])]));
  if (options['json'] === true) {
    const sums = { statement_usd: picoToText(statementUsd), ledger_usd: picoToText(ledgerUsd) };
    const difference = picoToText(statementUsd - ledgerUsd);
    out(
      JSON.stringify({
        ...sums,
        difference_usd: difference,
        offset_hours: offsetHours,
        quantities_only: quantitiesOnly,
        verdict,
        days_without_calls: daysWithoutCalls,
        reasons,
        gaps,
      }),
    );
    return;
  }
  const rows = gaps.slice(0, GAPS_SHOWN).map((gap) => {
    const why = Object.entries(gap.reasons).map(([reason, usd]) => `${reason} ${usd}`);
    return [
      `${gap.day} ${gap.model} ${gap.class}`.trimEnd(),
      gap.statement_usd,
      gap.ledger_usd,
      gap.difference_usd,
      why.join(', '),
    ];
  });
  if (rows.length > 0) for (const line of textTable(['', 'statement', 'ledger', 'difference', 'why'], rows)) out(line);
  if (gaps.length > GAPS_SHOWN) out(`… and ${gaps.length - GAPS_SHOWN} more (--json has all)`);
  if (offsetHours !== 0)
    out(`The statement's days begin at ${offsetHours > 0 ? '-' : '+'}${Math.abs(offsetHours)}:00 UTC.`);
  if (result.compared && daysWithoutCalls.length > 0) {
    out(
      `The ledger has no calls on ${daysWithoutCalls.join(', ')}: all of these days is bypassed, or was before Weir.`,
    );
  }
  if (quantitiesOnly) out('The statement has quantities and no money: they are compared at the rates of the ledger.');
  out(
    `statement ${picoToText(statementUsd)} USD, ledger ${picoToText(ledgerUsd)} USD, difference ${picoToText(statementUsd - ledgerUsd)} USD`,
  );
  for (const reason of REASONS) if (result.reasons[reason] !== 0n) out(`  ${reason.padEnd(12)} ${reasons[reason]}`);
}
