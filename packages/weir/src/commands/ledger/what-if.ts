import { type OtherModel, publishRates, type WhatIfAnswer, whatIf as whatIfLedger } from '@weir/cost';
import { picoToText, systemClock, WeirError } from '@weir/kernel';
import { openLedger } from '../../ledger/maintenance.ts';
import { textTable } from '../../ledger/text-table.ts';
import { timeOption, windowOption } from '../../ledger/time-option.ts';
import { BOOK_OPTIONS, bookOf } from '../../price/book-of.ts';
import type { Command, CommandInput } from '../command.ts';

export const whatIf: Command = {
  name: 'what-if',
  usage: '',
  summary: 'What the same calls would have cost on other models, at another date or by another price book.',
  options: {
    from: { value: 'time', help: 'start of the window of event time, ISO 8601 or a date (UTC)' },
    to: { value: 'time', help: 'its end (default: now)' },
    model: { value: 'pairs', help: 'used=instead, comma-separated; one name alone stands in for every model' },
    at: { value: 'time', help: 'price every call by this moment' },
    ...BOOK_OPTIONS,
    by: { value: 'names', help: 'model, feature, or model,feature (default)' },
    json: { help: 'one JSON object instead of a table' },
  },
  examples: [
    'npm start -- what-if --from 2026-11-01 --model gpt-4o=gpt-4o-mini',
    'npm start -- what-if --from 2026-11-01 --model anthropic/claude-haiku-4-5 --by feature',
    'npm start -- what-if --from 2026-11-01 --at 2026-12-01',
  ],
  run: runWhatIf,
};

async function runWhatIf(input: CommandInput): Promise<number> {
  const { options, settings, signal } = input;
  const window = windowOption(input, systemClock.now());
  const instead = readPairs(String(options['model'] ?? ''));
  const by = String(options['by'] ?? 'model,feature').split(',');
  if (!by.every((name) => name === 'model' || name === 'feature')) {
    throw new WeirError('CLI_USAGE', `--by is "${by.join(',')}"`, { fix: 'Use model, feature, or both.' });
  }
  const book = await bookOf(input);
  const warehouse = await openLedger(settings);
  try {
    await publishRates(warehouse, book);
    const models = [...instead.keys()].filter((name) => name !== '');
    const atMs = options['at'] === undefined ? {} : { atMs: timeOption(input, 'at', 0) };
    const scope = { ...window, models: instead.has('') ? [] : models };
    const answer = await whatIfLedger({ warehouse, book, clock: systemClock, signal, instead, ...scope, ...atMs });
    report(input, answer, by);
    return 0;
  } finally {
    await warehouse.close();
  }
}

/** `gpt-4o=gpt-4o-mini,o3=openai/gpt-5-mini`, or a model for all. */
function readPairs(text: string): Map<string, OtherModel> {
  const pairs = new Map<string, OtherModel>();
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const [used = '', named] = pair.split('=').map((part) => part.trim());
    const target = named ?? used;
    const slash = target.indexOf('/');
    const provider = slash < 0 ? '' : target.slice(0, slash);
    pairs.set(named === undefined ? '' : used, { provider, model: target.slice(slash + 1) });
  }
  return pairs;
}

interface Line {
  readonly name: string;
  rows: number;
  usd: bigint;
  unpriced: number;
  whatIfUsd: bigint;
  whatIfUnpriced: number;
}

function report({ options, out }: CommandInput, answer: WhatIfAnswer, by: readonly string[]): void {
  const lines = new Map<string, Line>();
  const total: Line = { name: 'all', rows: 0, usd: 0n, unpriced: 0, whatIfUsd: 0n, whatIfUnpriced: 0 };
  for (const group of answer.groups) {
    const parts = by.map((dimension) => (dimension === 'model' ? group.model : group.feature) || '(none)');
    const name = parts.join(', ');
    const line = lines.get(name) ?? { ...total, name, rows: 0, usd: 0n, unpriced: 0, whatIfUsd: 0n, whatIfUnpriced: 0 };
    lines.set(name, line);
    for (const sum of [line, total]) {
      sum.rows += group.rows;
      sum.usd += group.usd;
      sum.unpriced += group.unpriced;
      sum.whatIfUsd += group.whatIfUsd;
      sum.whatIfUnpriced += group.whatIfUnpriced;
    }
  }
  const told = [...[...lines.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), total].map((line) => ({
    name: line.name,
    rows: line.rows,
    usd: picoToText(line.usd),
    unpriced: line.unpriced,
    what_if_usd: picoToText(line.whatIfUsd),
    what_if_unpriced: line.whatIfUnpriced,
    difference_usd: picoToText(line.whatIfUsd - line.usd),
  }));
  if (options['json'] === true) {
    out(JSON.stringify({ by, groups: told.slice(0, -1), total: told.at(-1), left_out_rows: answer.leftOutRows }));
    return;
  }
  const head = [by.join(', '), 'rows', 'USD', 'unknown', 'what-if USD', 'unknown', 'difference USD'];
  for (const line of textTable(
    head,
    told.map((line) => Object.values(line).map(String)),
  ))
    out(line);
  if (answer.leftOutRows > 0) out(`${answer.leftOutRows} rows are left out: no book prices them`);
}
