import type { LogRecord } from '@weir/event-log';
import { type CostEvent, createCodec } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';

/** What a test says of a cost event; the rest is filled in. */
export type CostFacts = Partial<CostEvent> & Pick<CostEvent, 'ts' | 'source_offset'>;

const codec = createCodec('cost');

/** A request id that names a partition and a number. */
export const requestIdOf = (partition: number, number: number): string =>
  `019a1b2c-3d4e-7f${partition.toString(16).padStart(2, '0')}-8000-${number.toString(16).padStart(12, '0')}`;

/** A record of weir.costs as the cost service writes it. */
export function costRecord(partition: number, facts: CostFacts, headers: Record<string, string> = {}): LogRecord {
  const event: CostEvent = {
    ...GOLDEN_EVENTS.cost,
    request_id: requestIdOf(partition, facts.source_offset),
    source_partition: partition,
    ...facts,
  };
  return { key: event.request_id, value: codec.encode(event), partition, timestampMs: event.ts, headers };
}
