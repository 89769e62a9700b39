import { parseDecimal, picoFromText, WeirError } from '@weir/kernel';

/** Classes of tokens that statements tell apart; `''` where one does not. */
export const TOKEN_CLASSES = ['input', 'cache_read', 'cache_write', 'output', 'other'] as const;
export type TokenClass = (typeof TOKEN_CLASSES)[number] | '';

/** One line of a provider's statement, in one form for all. */
export interface StatementLine {
  /** `2026-11-20`, in the statement's own time zone. */
  readonly day: string;
  /** '' when the statement does not name it. */
  readonly model: string;
  readonly tokenClass: TokenClass;
  /** null when the statement has money only. */
  readonly quantity: bigint | null;
  /** Pico-dollars; null when it has quantities only. */
  readonly usd: bigint | null;
  /** Credits, refunds and taxes are no price of a call. */
  readonly credit: boolean;
  /** As the statement names it: standard, batch, …; '' when it does not. */
  readonly tier: string;
  /** Half a unit of the last digit in which the amount was written, pico-dollars. */
  readonly rounding: bigint;
}

const PICO_DIGITS = 12;

/** An amount as it stands in a statement, with how far it may have been rounded. */
export function amountOf(text: string, where: string): Pick<StatementLine, 'usd' | 'rounding'> {
  const trimmed = text.trim();
  try {
    const digits = /\.(\d+)/.exec(trimmed)?.[1]?.length ?? 0;
    const places = Math.min(PICO_DIGITS, digits);
    return {
      usd: picoFromText(trimmed),
      rounding: places >= PICO_DIGITS ? 1n : 10n ** BigInt(PICO_DIGITS - places) / 2n,
    };
  } catch (cause) {
    throw invalid(where, `"${text}" is no amount`, cause);
  }
}

/** A count, which some statements write as `1200.0`. */
export function countOf(text: string, where: string): bigint {
  try {
    const { numerator, denominator } = parseDecimal(text.trim());
    return numerator / denominator;
  } catch (cause) {
    throw invalid(where, `"${text}" is no count`, cause);
  }
}

/** The day of a date, an ISO time, or seconds since the epoch. */
export function dayOf(text: string, where: string): string {
  const trimmed = text.trim();
  if (/^\d{9,11}$/.test(trimmed)) return new Date(Number(trimmed) * 1_000).toISOString().slice(0, 10);
  const day = /^(\d{4}-\d{2}-\d{2})/.exec(trimmed)?.[1];
  if (day === undefined) throw invalid(where, `"${text}" is no day`);
  return day;
}

/** The class that a meter's name tells. */
export function classOf(name: string): TokenClass {
  const text = name.toLowerCase().replaceAll(/[_\-.]+/g, ' ');
  if (text.trim() === '') return '';
  if (/cache ?(creation|write)|ephemeral/.test(text)) return 'cache_write';
  if (/uncached/.test(text)) return 'input';
  if (/cache/.test(text)) return 'cache_read';
  if (/output|completion|reasoning|generated/.test(text)) return 'output';
  if (/input|prompt|context/.test(text)) return 'input';
  return 'other';
}

export const invalid = (where: string, problem: string, cause?: unknown): WeirError =>
  new WeirError('STATEMENT_INVALID', `${where}: ${problem}`, { cause });
