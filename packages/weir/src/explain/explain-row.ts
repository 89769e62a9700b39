import { picoFromText, picoToText } from '@weir/kernel';
import { explainLine } from './explain-line.ts';
import type { ExplainedRow } from './explained-row.ts';

/** How a row's cost came about, for a person. */
export function explainRow(row: ExplainedRow): string[] {
  return [...whatItWas(row), ...whatItUsed(row), ...whatItCost(row)];
}

/** The same for a program: the answer of `weir price`, with the arithmetic of each line. */
export function explainJson(row: ExplainedRow): object {
  const { request_id: id, cost_usd: cost, cost_reported_usd: reported } = row;
  return {
    id,
    cost_usd: cost === null ? null : plain(cost),
    cost_source: row.cost_source,
    provider: row.pricing_provider,
    model: row.priced_model,
    lines: row.cost_lines.map((line) => ({
      class: line.class,
      quantity: line.quantity,
      unit: line.unit,
      rate: line.rate_usd,
      per: Number(line.per),
      rate_id: line.rate_id,
      amount: line.amount_usd === null ? null : plain(line.amount_usd),
      arithmetic: explainLine(line).text,
    })),
    flags: row.cost_flags,
    reason: row.unpriced_reason,
    book_version: row.price_book_version,
    reported_usd: reported === null ? null : plain(reported),
    usage_source: row.usage_source,
    usage_flags: row.usage_flags,
    usage_raw: row.usage_raw,
    adjustments: row.adjustments.map((entry) => ({ ...entry, delta_usd: plain(entry.delta_usd) })),
  };
}

function whatItWas(row: ExplainedRow): string[] {
  const model = row.response_model || row.request_model || '(no model)';
  const asked = row.request_model === '' || row.request_model === model ? '' : `, asked for as ${row.request_model}`;
  const priced = row.priced_model === '' ? '' : `, priced as ${row.priced_model}`;
  return [
    `${row.request_id}  ${row.ts} UTC  ${row.account}/${row.gateway}  status ${row.status}`,
    `model     ${row.provider} ${model}${asked}${priced}`,
    `tier      ${row.service_tier || 'standard (none was named)'}${row.region === '' ? '' : `   region ${row.region}`}`,
    `book      ${row.price_book_version}`,
  ];
}

function whatItUsed(row: ExplainedRow): string[] {
  return [
    `usage     ${row.usage_source}${row.usage_flags.length === 0 ? '' : ` (${row.usage_flags.join(', ')})`}`,
    ...(row.usage_raw === '' ? [] : [`          ${row.usage_raw.replaceAll(/\s+/g, ' ')}`]),
  ];
}

function whatItCost(row: ExplainedRow): string[] {
  const lines = row.cost_lines.flatMap((line) => [
    `  ${line.class.padEnd(16)} ${explainLine(line).text}${line.rate_id === '' ? '' : `   [${line.rate_id}]`}`,
  ]);
  const total = row.cost_usd === null ? `unknown: ${row.unpriced_reason}` : `${plain(row.cost_usd)} USD`;
  const flags = row.cost_flags.length === 0 ? [] : [`flags     ${row.cost_flags.join(', ')}`];
  return [
    'cost',
    ...lines,
    `  ${'total'.padEnd(16)} ${total} (${row.cost_source})`,
    ...driftOf(row),
    ...flags,
    ...row.adjustments.map(
      ({ revision, delta_usd: delta, reason, price_book_version: book }) =>
        `corrected ${signed(plain(delta))} USD by revision ${revision} (${reason}, book ${book})`,
    ),
  ];
}

/** A cost that the provider told stands beside the one that the book gives. */
function driftOf(row: ExplainedRow): string[] {
  if (row.cost_reported_usd === null) return [];
  const computed = row.cost_lines.map((line) => line.amount_usd);
  if (computed.length === 0 || computed.some((amount) => amount === null)) return ['reported  by the provider'];
  const sum = computed.reduce((total, amount) => total + picoFromText(amount ?? '0'), 0n);
  const drift = picoFromText(row.cost_reported_usd) - sum;
  const compared = drift === 0n ? 'the same' : `${picoToText(sum)} (a drift of ${signed(picoToText(drift))})`;
  return [`reported  by the provider; the book gives ${compared}`];
}

const plain = (decimal: string): string => picoToText(picoFromText(decimal));
const signed = (decimal: string): string => (decimal.startsWith('-') ? decimal : `+${decimal}`);
