import type { ExchangeFacts, UsagePart } from '@weir/providers';
import { type TokenUsage, toBillableClasses } from '@weir/usage';

/** Everything that is read out of one exchange, as `weir usage` prints it; money is decimal text. */
export function exchangeReport(facts: ExchangeFacts): object {
  const { error } = facts;
  return {
    provider: facts.pricingProvider,
    operation: facts.operation,
    request_model: facts.requestModel,
    response_model: facts.responseModel,
    response_id: facts.responseId,
    stream: facts.stream,
    finish_reasons: facts.finishReasons,
    service_tier: facts.serviceTier,
    region: facts.region,
    usage_family: facts.usageFamily,
    usage_source: facts.usageSource,
    usage: facts.usage === null ? null : normalForm(facts.usage),
    billed: facts.billedUsage === null ? null : normalForm(facts.billedUsage),
    parts: facts.usageParts.map(({ model, usage }: UsagePart) => ({ model, ...normalForm(usage) })),
    reported_cost_usd: facts.reportedCostUsd === '' ? null : facts.reportedCostUsd,
    flags: facts.flags,
    error: error === null ? null : { ...error, midStream: undefined, mid_stream: error.midStream },
    usage_raw: facts.usageRaw,
  };
}

/** Gross counts, the disjoint classes that are billed, and units, in the names of the ledger. */
function normalForm({ units, ...counts }: TokenUsage): object {
  const named = (values: object): object =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [snakeCase(key), value]));
  const classes = toBillableClasses({ units, ...counts });
  return { ...named(counts), units: named(units), classes: classes.classes };
}

const snakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]|(?<=[a-z])\d/g, (letter) => `_${letter.toLowerCase()}`);
