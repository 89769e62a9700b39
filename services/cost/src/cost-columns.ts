import { remembered } from '@weir/kernel';
import type { CostLine } from '@weir/pricing';

/** Sums of the priced lines by kind, pico-dollars. */
export interface CostColumns {
  readonly cost_input_usd: bigint;
  readonly cost_cache_read_usd: bigint;
  readonly cost_cache_write_usd: bigint;
  readonly cost_output_usd: bigint;
  readonly cost_other_usd: bigint;
}

/** The column that a line of a class adds to. */
export const costColumnOf = remembered<keyof CostColumns>(64, (usageClass) => {
  if (usageClass.startsWith('cache_read')) return 'cost_cache_read_usd';
  if (usageClass.startsWith('cache_write')) return 'cost_cache_write_usd';
  if (usageClass === 'input' || /^input_(audio|image|video)$/.test(usageClass)) return 'cost_input_usd';
  if (/^(output|reasoning)(_|$)/.test(usageClass)) return 'cost_output_usd';
  return 'cost_other_usd';
});

/** Adds the priced lines to a row that has no costs yet. */
export function addColumns(row: { -readonly [Column in keyof CostColumns]: bigint }, lines: readonly CostLine[]): void {
  for (const line of lines) row[costColumnOf(line.class)] += line.amount ?? 0n;
}

/** Quantity by usage class, over all lines; a discount is no usage. */
export function quantities(lines: readonly CostLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    if (line.unit === 'percent') continue;
    counts[line.class] = (counts[line.class] ?? 0) + line.quantity;
  }
  return counts;
}
