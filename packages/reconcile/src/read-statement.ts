import { errorMessage, WeirError } from '@weir/kernel';
import { readCsvStatement } from './read-csv.ts';
import { parseExact, readJsonStatement } from './read-json.ts';
import type { StatementLine } from './statement.ts';

/** The lines of a statement, and the provider slug whose it is; '' when its form does not tell. */
export interface Statement {
  readonly provider: string;
  readonly lines: readonly StatementLine[];
}

/**
 * Reads a statement in whatever known form it is.
 * @throws WeirError `STATEMENT_UNKNOWN`, `STATEMENT_INVALID`.
 */
export function readStatement(text: string, name: string): Statement {
  const lines = /^\s*[[{]/.test(text) ? readJsonStatement(jsonOf(text, name), name) : readCsvStatement(text, name);
  if (lines !== undefined) return { provider: providerOf(text), lines };
  throw new WeirError('STATEMENT_UNKNOWN', `${name} is no statement of a known form`, {
    fix: 'Name its columns day, model, class, quantity and usd.',
  });
}

function jsonOf(text: string, name: string): unknown {
  try {
    return parseExact(text);
  } catch (cause) {
    throw new WeirError('STATEMENT_INVALID', `${name} is not JSON: ${errorMessage(cause)}`, { cause });
  }
}

function providerOf(text: string): string {
  if (/"organization\.(costs|usage)\.|\bamount_value\b|\bnum_model_requests\b/.test(text)) return 'openai';
  if (/"(uncached_input_tokens|token_type|cost_type)"/.test(text)) return 'anthropic';
  return /\bline_item_unblended_cost\b/.test(text) ? 'aws-bedrock' : '';
}
