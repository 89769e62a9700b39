import type { Assignment } from '@weir/event-log';
import { backoffMs, sleep, WeirError } from '@weir/kernel';
import type { Range } from '../range/range.ts';
import { rangeToken } from '../range/seal.ts';
import type { LoadedRow } from '../tables/table-load.ts';
import type { Linger } from './linger.ts';
import type { LoadDependencies } from './load-dependencies.ts';

/**
 * Inserts a sealed range until it lands: identical rows under one token, jittered back-off, no cap on attempts (I3,
 * I7). `suffix` sets a token apart from one that the warehouse took note of without keeping its rows. Returns how many
 * rows the warehouse took: all but those that had to be quarantined.
 * @throws WeirError of the warehouse when it refuses for a reason that does not pass.
 */
export async function insertRange<Row>(
  range: Range<Row>,
  assignment: Assignment,
  dependencies: LoadDependencies<Row>,
  linger: Linger,
  suffix = '',
): Promise<number> {
  const { clock } = dependencies;
  const startedAt = clock.monotonic();
  const { topic, partition } = assignment;
  const token = `${rangeToken(topic, partition, range.start, range.end, range.progress.epoch)}${suffix}`;
  const context = { assignment, dependencies, linger };
  const taken = range.rows.length === 0 ? 0 : await insertRows(range.rows, token, range, context);
  dependencies.onLoaded(range, token, clock.monotonic() - startedAt);
  return taken;
}

interface Context<Row> {
  readonly assignment: Assignment;
  readonly dependencies: LoadDependencies<Row>;
  readonly linger: Linger;
}

async function insertRows<Row>(
  rows: readonly LoadedRow<Row>[],
  token: string,
  range: Range<Row>,
  context: Context<Row>,
): Promise<number> {
  const { load, onDataError } = context.dependencies;
  try {
    await untilTaken({ table: load.table, token, rows: load.toInsert(rows, range.fingerprint) }, context);
    return rows.length;
  } catch (error) {
    const isData = WeirError.is(error) && error.code === 'WAREHOUSE_DATA';
    if (!isData || onDataError === 'halt') throw error;
    return quarantine(rows, token, range, context, error);
  }
}

/**
 * Halves the rows until the one that is refused stands alone, and buries it. A restart halves the same way, so the
 * tokens of the parts name the same rows again.
 */
async function quarantine<Row>(
  rows: readonly LoadedRow<Row>[],
  token: string,
  range: Range<Row>,
  context: Context<Row>,
  error: unknown,
): Promise<number> {
  const [first] = rows;
  if (rows.length === 1) {
    const record = range.records.find(({ offset }) => offset === first?.offset);
    if (record === undefined) throw error;
    await context.dependencies.bury([{ record, error, fingerprint: range.fingerprint }]);
    return 0;
  }
  let taken = 0;
  const middle = Math.ceil(rows.length / 2);
  for (const [name, half] of [
    ['a', rows.slice(0, middle)],
    ['b', rows.slice(middle)],
  ] as const) {
    taken += await insertRows(half, `${token.includes('#') ? token : `${token}#`}${name}`, range, context);
  }
  return taken;
}

const TOO_MANY_PARTS = 252;

async function untilTaken<Row>(
  batch: Parameters<LoadDependencies<Row>['insert']>[0],
  { assignment, dependencies, linger }: Context<Row>,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await dependencies.insert(batch);
      linger.taken();
      return;
    } catch (error) {
      if (!(WeirError.is(error) && error.retriable) || assignment.signal.aborted) throw error;
      if (error.details?.['clickhouseCode'] === TOO_MANY_PARTS) linger.tooManyParts();
      dependencies.onRetry(error, batch.token, attempt);
      await sleep(backoffMs(attempt, dependencies.retry), assignment.signal);
    }
  }
}
