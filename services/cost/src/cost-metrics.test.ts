import type { CostEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { createMetrics } from '@weir/telemetry';
import { describe, expect, it } from 'vitest';
import { createCostMetrics, type UnpricedModel } from './cost-metrics.ts';

const line = { class: 'input', quantity: 1, unit: 'token', rate_usd: '1', per: 1, rate_id: 'r', amount_usd: 1n };
const cost: CostEvent = {
  ...GOLDEN_EVENTS.cost,
  provider: 'openrouter',
  response_model: 'm',
  cost_usd: 1n,
  cost_reported_usd: null,
  cost_flags: [],
  usage_flags: [],
  cost_lines: [line],
};
const unpriced = {
  cost_usd: null,
  cost_source: 'unpriced' as const,
  unpriced_reason: 'unknown_model',
  cost_lines: [{ ...line, amount_usd: null }],
};

async function count(...events: readonly Partial<CostEvent>[]): Promise<{ text: string; heard: UnpricedModel[] }> {
  const metrics = createMetrics();
  const heard: UnpricedModel[] = [];
  const counters = createCostMetrics(metrics, (model) => heard.push(model));
  for (const event of events) counters.priced({ ...cost, ...event });
  return { text: await metrics.text(), heard };
}

describe('cost metrics', () => {
  it("count how the book's figure compares with what providers told", async () => {
    const told = { cost_reported_usd: 1n };
    const { text } = await count(
      {},
      told,
      told,
      { ...told, cost_flags: ['reported_differs'] },
      { ...told, cost_lines: unpriced.cost_lines },
    );
    expect(text).toMatch(/weir_cost_reported_total\{[^}]*verdict="same"[^}]*\} 2/);
    expect(text).toMatch(/weir_cost_reported_total\{[^}]*verdict="differs"[^}]*\} 1/);
    expect(text).toMatch(/weir_cost_reported_total\{[^}]*verdict="unknown"[^}]*\} 1/);
  });

  it('name each model without a price once, and count its calls', async () => {
    const { text, heard } = await count(unpriced, unpriced, { ...unpriced, response_model: 'other' });
    expect(heard.map(({ model }) => model)).toEqual(['m', 'other']);
    expect(text).toMatch(/weir_cost_unpriced_models_total\{[^}]*model="m"[^}]*\} 2/);
  });

  it('I7 the number of names is bounded: further ones share a label', async () => {
    const events = Array.from({ length: 250 }, (_, index) => ({ ...unpriced, response_model: `m-${index}` }));
    const { text, heard } = await count(...events);
    expect(heard).toHaveLength(200);
    expect(text).toMatch(/weir_cost_unpriced_models_total\{[^}]*model="other"[^}]*\} 50/);
  });
});
