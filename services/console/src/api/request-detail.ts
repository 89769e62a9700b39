import { WeirError } from '@weir/kernel';
import { count, flag, measured, money, records, text } from '../query/decode.ts';
import { attemptsStatement, payloadStatement, requestStatement } from '../query/detail-statements.ts';
import type { Ledger } from '../query/ledger.ts';
import type { Row } from '../query/statement.ts';
import type { Attempt, CostLine, RequestAnswer, StoredPayload } from './answers.ts';
import { isoMoment } from './moments.ts';

function costLine(line: Row): CostLine {
  return {
    class: text(line, 'class'),
    quantity: measured(line['quantity'], 'quantity') ?? 0,
    unit: text(line, 'unit'),
    rate_usd: text(line, 'rate_usd'),
    per: count(line, 'per'),
    rate_id: text(line, 'rate_id'),
    amount_usd: money(line, 'amount_usd'),
  };
}

function attempt(row: Row): Attempt {
  return {
    request_id: text(row, 'request_id'),
    ts: isoMoment(text(row, 'ts')),
    step: count(row, 'step'),
    attempt: count(row, 'attempt'),
    provider: text(row, 'provider'),
    request_model: text(row, 'request_model'),
    status: count(row, 'status'),
    outcome: text(row, 'outcome'),
    error_type: text(row, 'error_type'),
    duration_ms: count(row, 'duration_ms'),
    cost_usd: money(row, 'cost_usd'),
  };
}

function storedPayload(row: Row): StoredPayload {
  return {
    request_body: text(row, 'request_body'),
    response_body: text(row, 'response_body'),
    truncated: flag(row, 'truncated'),
  };
}

/**
 * `GET /api/requests/:id`: all that is known of one upstream attempt.
 * @throws WeirError `CONSOLE_NOT_FOUND`.
 */
export async function requestDetail(ledger: Ledger, requestId: string, signal: AbortSignal): Promise<RequestAnswer> {
  const find = requestStatement(requestId);
  const [row] = await ledger.rows(find, 'request', signal);
  if (row === undefined) {
    throw new WeirError('CONSOLE_NOT_FOUND', `no ledger row ${requestId}`, {
      fix: 'A new request takes about a second to arrive; rows past their retention are gone.',
    });
  }
  const found = {
    requestId,
    parentId: text(row, 'parent_id'),
    account: text(row, 'account'),
    acceptedMs: Date.parse(isoMoment(text(row, 'ts'))),
  };
  const findAttempts = attemptsStatement(found);
  const findPayload = payloadStatement(found);
  const [attempts, payloads] = await Promise.all([
    ledger.rows(findAttempts, 'attempts', signal),
    ledger.rows(findPayload, 'payload', signal),
  ]);
  const [payload] = payloads;
  const { cost_lines: lines, ...columns } = row;
  return {
    request: columns,
    cost_lines: records(lines, 'cost_lines').map(costLine),
    attempts: attempts.map(attempt),
    payload: payload === undefined ? null : storedPayload(payload),
    queries: { request: find, attempts: findAttempts, payload: findPayload },
  };
}
