import { EventCodec, type Framing } from './event-codec.ts';
import { type BudgetState, budgetStateSchema } from './generated/budget-state.ts';
import { type Cost, costSchema } from './generated/cost.ts';
import { type CostAnomaly, costAnomalySchema } from './generated/cost-anomaly.ts';
import { type DeadLetter, deadLetterSchema } from './generated/dead-letter.ts';
import { type Request, requestSchema } from './generated/request.ts';

/** Every event: its topic, and the schema this version writes. The topic names are the public ones (docs/events.md). */
export const EVENTS = {
  request: { topic: 'weir.requests', schema: requestSchema },
  cost: { topic: 'weir.costs', schema: costSchema },
  'cost-anomaly': { topic: 'weir.cost-anomalies', schema: costAnomalySchema },
  'budget-state': { topic: 'weir.budget-states', schema: budgetStateSchema },
  'dead-letter': { topic: 'weir.dead-letters', schema: deadLetterSchema },
} as const;
export type EventName = keyof typeof EVENTS;

export interface EventTypes {
  readonly request: Request;
  readonly cost: Cost;
  readonly 'cost-anomaly': CostAnomaly;
  readonly 'budget-state': BudgetState;
  readonly 'dead-letter': DeadLetter;
}

/** A codec of one event; `framing` defaults to Avro single-object encoding. */
export function createCodec<Name extends EventName>(name: Name, framing?: Framing): EventCodec<EventTypes[Name]> {
  const { schema } = EVENTS[name];
  return new EventCodec(framing === undefined ? { schema } : { schema, framing });
}

/** The event that a topic carries, or undefined for a topic that is not Weir's. */
export function eventOfTopic(topic: string): EventName | undefined {
  return (Object.keys(EVENTS) as EventName[]).find((name) => EVENTS[name].topic === topic);
}
