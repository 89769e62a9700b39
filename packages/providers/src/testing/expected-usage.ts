import { namedCounts, type TokenUsage } from '@weir/usage';

type Expected = Readonly<Record<string, unknown>>;

/** Names the fields in which usage differs from a recorded expectation; '' when none does. */
export function toExpected(
  expected: Expected,
  usage: TokenUsage,
  billed: TokenUsage | null,
  parts: readonly { readonly usage: TokenUsage }[],
): string {
  const differences: string[] = [];
  const compare = (label: string, want: Expected, have: TokenUsage): void => {
    for (const [key, value] of Object.entries(namedCounts(have))) {
      if (want[key] !== undefined && want[key] !== value) differences.push(`${label}${key} ${value} != ${want[key]}`);
    }
  };
  compare('', expected, usage);
  const extras = (expected['extras'] ?? {}) as Expected;
  const totals = (extras['billed_totals'] ?? extras['billed_units']) as Expected | undefined;
  if (totals !== undefined && (extras['billed_totals'] !== undefined || billed !== null)) {
    compare('billed ', totals, billed ?? usage);
  }
  const iterations = extras['billed_iterations'] as readonly Expected[] | undefined;
  const charged = iterations?.filter((iteration) => iteration['billed'] === true);
  if (charged !== undefined && parts.length > 0) {
    if (charged.length !== parts.length) differences.push(`${parts.length} parts, not ${charged.length}`);
    parts.forEach((part, index) => {
      compare(`part ${index} `, charged[index] ?? {}, part.usage);
    });
  }
  return differences.join('; ');
}
