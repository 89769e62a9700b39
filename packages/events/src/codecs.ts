import { EventCodec, type Framing, type GeneratedCodec } from './event-codec.ts';
import {
  type AlertAction,
  alertActionEarlierSchemas,
  alertActionSchema,
  readAlertAction,
  writeAlertAction,
} from './generated/alert-action.ts';
import {
  type BudgetState,
  budgetStateEarlierSchemas,
  budgetStateSchema,
  readBudgetState,
  writeBudgetState,
} from './generated/budget-state.ts';
import { type Cost, costEarlierSchemas, costSchema, readCost, writeCost } from './generated/cost.ts';
import {
  type CostAnomaly,
  costAnomalyEarlierSchemas,
  costAnomalySchema,
  readCostAnomaly,
  writeCostAnomaly,
} from './generated/cost-anomaly.ts';
import {
  type DeadLetter,
  deadLetterEarlierSchemas,
  deadLetterSchema,
  readDeadLetter,
  writeDeadLetter,
} from './generated/dead-letter.ts';
import { type Request, readRequest, requestEarlierSchemas, requestSchema, writeRequest } from './generated/request.ts';

/** Every event: its topic, the schema this version writes, and those that earlier ones wrote. The topic names are the public ones (docs/events.md). */
export const EVENTS = {
  request: { topic: 'weir.requests', schema: requestSchema, earlier: requestEarlierSchemas },
  cost: { topic: 'weir.costs', schema: costSchema, earlier: costEarlierSchemas },
  'cost-anomaly': { topic: 'weir.cost-anomalies', schema: costAnomalySchema, earlier: costAnomalyEarlierSchemas },
  'alert-action': { topic: 'weir.alert-actions', schema: alertActionSchema, earlier: alertActionEarlierSchemas },
  'budget-state': { topic: 'weir.budget-states', schema: budgetStateSchema, earlier: budgetStateEarlierSchemas },
  'dead-letter': { topic: 'weir.dead-letters', schema: deadLetterSchema, earlier: deadLetterEarlierSchemas },
} as const;
export type EventName = keyof typeof EVENTS;

export interface EventTypes {
  readonly request: Request;
  readonly cost: Cost;
  readonly 'cost-anomaly': CostAnomaly;
  readonly 'alert-action': AlertAction;
  readonly 'budget-state': BudgetState;
  readonly 'dead-letter': DeadLetter;
}

const GENERATED: { readonly [Name in EventName]: GeneratedCodec<EventTypes[Name]> } = {
  request: { read: readRequest, write: writeRequest },
  cost: { read: readCost, write: writeCost },
  'cost-anomaly': { read: readCostAnomaly, write: writeCostAnomaly },
  'alert-action': { read: readAlertAction, write: writeAlertAction },
  'budget-state': { read: readBudgetState, write: writeBudgetState },
  'dead-letter': { read: readDeadLetter, write: writeDeadLetter },
};

/** A codec of one event; `framing` defaults to Avro single-object encoding. */
export function createCodec<Name extends EventName>(name: Name, framing?: Framing): EventCodec<EventTypes[Name]> {
  const { schema, earlier } = EVENTS[name];
  const generated: GeneratedCodec<EventTypes[Name]> = GENERATED[name];
  return new EventCodec({ schema, earlier, generated, ...(framing === undefined ? {} : { framing }) });
}

/** The event that a topic carries, or undefined for a topic that is not Weir's. */
export function eventOfTopic(topic: string): EventName | undefined {
  return (Object.keys(EVENTS) as EventName[]).find((name) => EVENTS[name].topic === topic);
}
