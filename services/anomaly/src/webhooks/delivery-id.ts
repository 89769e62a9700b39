import type { CostAnomalyEvent } from '@weir/events';
import { uuidV5 } from '../uuid-v5.ts';

/** Namespace of the ids of groups: a random UUID, fixed for ever. */
const NAMESPACE = '3d0f7b52-1c8e-4a6f-8a55-5be2d3b7c914';

/** The idempotency id of an event's version. */
export const deliveryId = ({ anomaly_id, version }: Pick<CostAnomalyEvent, 'anomaly_id' | 'version'>): string =>
  `${anomaly_id}.${version}`;

/** The id of one call: of an event, or of the very same group of events. */
export function callId(events: readonly CostAnomalyEvent[]): string {
  const ids = events.map(deliveryId);
  return ids.length === 1 && ids[0] !== undefined ? ids[0] : uuidV5(NAMESPACE, ids.join(' '));
}
