import type { CostEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';

const MODELS = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-6', 'claude-haiku-4-5', 'gemini-2.5-pro', 'gemini-2.5-flash'];
const FEATURES = ['chat', 'summarise', 'search', 'extract', 'code-review'];
const HOUR_MS = 3_600_000;

/** Cost events of several models, features and users over one hour, round robin over partitions. */
export function* benchCosts(count: number, partitions: number): Generator<{ cost: CostEvent; partition: number }> {
  const start = Date.now() - HOUR_MS;
  const marks = new Array<number>(partitions).fill(0);
  for (let index = 0; index < count; index += 1) {
    const partition = index % partitions;
    const mark = marks[partition] ?? 0;
    marks[partition] = mark + 1;
    const model = MODELS[index % MODELS.length] ?? '';
    const cost = {
      ...GOLDEN_EVENTS.cost,
      request_id: `019a1b2c-3d4e-7f00-8000-${index.toString(16).padStart(12, '0')}`,
      ts: start + Math.floor((index / count) * HOUR_MS),
      request_model: model,
      response_model: model,
      feature: FEATURES[index % FEATURES.length] ?? '',
      user_id: `u-${index % 997}`,
      session_id: `s-${index % 4_999}`,
      input_tokens: 500 + (index % 1_000),
      cost_usd: 2_250_000_000n + BigInt(index),
      source_partition: partition,
      source_offset: mark,
    };
    yield { cost, partition };
  }
}
