import { createCodec, EVENTS } from '@weir/events';
import { createAvroLoad } from './avro-load.ts';
import { createPayloadLoad } from './payload-load.ts';
import type { TableLoad } from './table-load.ts';
import { validateCost } from './validate-cost.ts';

/** Consumer groups of the loader, one per table, so that a slow table never holds back the ledger. */
export const LOADER_GROUPS = {
  requests: 'weir-loader-requests',
  payloads: 'weir-loader-payloads',
  anomalies: 'weir-loader-anomalies',
  budgetStates: 'weir-loader-budget-states',
  alertActions: 'weir-loader-alert-actions',
  deadLetters: 'weir-loader-dead-letters',
} as const;

/** Starts one load, whatever its rows are. */
export type LoadStarter<Result> = <Row>(load: TableLoad<Row>) => Result;

/** Starts every topic-to-table load; payloads only when they are wanted. */
export function startTableLoads<Result>(
  payloads: { readonly store: boolean; readonly retentionDays: number },
  start: LoadStarter<Result>,
): Result[] {
  const started = [
    start(
      createAvroLoad({
        topic: EVENTS.cost.topic,
        group: LOADER_GROUPS.requests,
        table: 'requests',
        codec: createCodec('cost'),
        validate: (event, record) => validateCost(event, record.timestampMs),
        ledgerFacts: ({ request_id, ts, source_offset }) => ({ id: request_id, ts, mark: source_offset }),
      }),
    ),
    start(
      createAvroLoad({
        topic: EVENTS['cost-anomaly'].topic,
        group: LOADER_GROUPS.anomalies,
        table: 'anomalies',
        codec: createCodec('cost-anomaly'),
      }),
    ),
    start(
      createAvroLoad({
        topic: EVENTS['budget-state'].topic,
        group: LOADER_GROUPS.budgetStates,
        table: 'budget_states',
        codec: createCodec('budget-state'),
      }),
    ),
    start(
      createAvroLoad({
        topic: EVENTS['alert-action'].topic,
        group: LOADER_GROUPS.alertActions,
        table: 'alert_actions',
        codec: createCodec('alert-action'),
      }),
    ),
    start(
      createAvroLoad({
        topic: EVENTS['dead-letter'].topic,
        group: LOADER_GROUPS.deadLetters,
        table: 'dead_letters',
        codec: createCodec('dead-letter'),
      }),
    ),
  ];
  if (payloads.store) started.push(start(createPayloadLoad(LOADER_GROUPS.payloads, payloads.retentionDays)));
  return started;
}
