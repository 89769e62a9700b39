import type { BudgetEntry, BudgetMatch } from '@weir/detectors';
import { WeirError } from '@weir/kernel';

/** The internal topic that the budget book is a function of: one partition, so that its order is one. */
export const BUDGET_LOG_TOPIC = 'weir.budget-log';

/** A record of it. JSON, because only this service reads it; `v` tells later forms apart. */
export type BudgetLogRecord =
  /** Ledger rows of one partition of weir.costs that some budget counts. */
  | { readonly kind: 'entries'; readonly entries: readonly BudgetEntry[] }
  /** The clock: what ends periods when no event comes. */
  | { readonly kind: 'tick'; readonly now: number }
  /** A part of the book's state after the record before offset `through`. */
  | {
      readonly kind: 'snapshot';
      readonly id: string;
      readonly index: number;
      readonly count: number;
      readonly through: number;
      readonly values: readonly unknown[];
    };

type EntryJson = readonly [
  offset: number,
  requestId: string,
  ts: number,
  cost: string | null,
  tokens: number,
  matches: readonly BudgetMatch[],
];

type RecordJson =
  | { readonly v: 1; readonly partition: number; readonly entries: readonly EntryJson[] }
  | { readonly v: 1; readonly tick: number }
  | (Extract<BudgetLogRecord, { kind: 'snapshot' }> & { readonly v: 1 });

export function encodeEntries(partition: number, entries: readonly BudgetEntry[]): Buffer {
  return encode({
    v: 1,
    partition,
    entries: entries.map(({ offset, requestId, ts, cost, tokens, matches }) => [
      offset,
      requestId,
      ts,
      cost === null ? null : String(cost),
      tokens,
      matches,
    ]),
  });
}

export const encodeTick = (now: number): Buffer => encode({ v: 1, tick: now });

export function encodeSnapshotPart(part: Omit<Extract<BudgetLogRecord, { kind: 'snapshot' }>, 'kind'>): Buffer {
  return encode({ v: 1, kind: 'snapshot', ...part });
}

const encode = (json: RecordJson): Buffer => Buffer.from(JSON.stringify(json));

/** @throws WeirError `BUDGET_LOG_CORRUPT`. */
export function decodeBudgetLogRecord(value: Uint8Array): BudgetLogRecord {
  let json: RecordJson;
  try {
    json = JSON.parse(Buffer.from(value).toString('utf8')) as RecordJson;
  } catch (cause) {
    throw new WeirError('BUDGET_LOG_CORRUPT', 'a record is not JSON', { cause });
  }
  if (json.v !== 1)
    throw new WeirError('BUDGET_LOG_CORRUPT', `a record has version ${String((json as { v: unknown }).v)}`);
  if ('tick' in json) return { kind: 'tick', now: json.tick };
  if ('kind' in json) return json;
  const { partition } = json;
  return {
    kind: 'entries',
    entries: json.entries.map(([offset, requestId, ts, cost, tokens, matches]) => ({
      partition,
      offset,
      requestId,
      ts,
      cost: cost === null ? null : BigInt(cost),
      tokens,
      matches,
    })),
  };
}
