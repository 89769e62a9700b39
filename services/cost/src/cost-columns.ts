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

export function costColumns(lines: readonly CostLine[]): CostColumns {
  const sums: Record<keyof CostColumns, bigint> = {
    cost_input_usd: 0n,
    cost_cache_read_usd: 0n,
    cost_cache_write_usd: 0n,
    cost_output_usd: 0n,
    cost_other_usd: 0n,
  };
  for (const line of lines) sums[costColumnOf(line.class)] += line.amount ?? 0n;
  return sums;
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
