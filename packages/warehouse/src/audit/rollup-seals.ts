import type { Warehouse } from '../warehouse.ts';

/**
 * Who is about to change the sums of a day. A seal is written before, and closed after; whoever finds one of another
 * kind open waits or comes back later. Both sides write first and look second, so at least one of them sees the other.
 */
export interface RollupSeal {
  /** A repricing that runs, one of its chunks that may have been written in part, or an audit that rebuilds a day. */
  readonly kind: 'run' | 'chunk' | 'audit';
  readonly runId: string;
  /** 0 for what is not a chunk. */
  readonly chunk: number;
  /** Start of the UTC day, ms since the epoch. */
  readonly dayMs: number;
  /** Who holds it: `host/pid`. */
  readonly holder: string;
  /** Corrections of the chunk. */
  readonly rows: number;
  readonly priceBookVersion: string;
}

export interface OpenSeal extends RollupSeal {
  readonly atMs: number;
}

const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** Opens or closes a seal; opening one again says that its holder is alive. */
export async function writeSeal(
  warehouse: Warehouse,
  seal: RollupSeal,
  state: 'open' | 'closed',
  nowMs: number,
): Promise<void> {
  const { kind, runId, chunk, dayMs, holder, rows, priceBookVersion } = seal;
  // A closed seal stays closed, whatever the clocks of two machines say.
  const version = Math.floor(nowMs) + (state === 'closed' ? 1e13 : 0);
  const row = {
    kind,
    run_id: runId,
    chunk,
    day: timeText(dayMs).slice(0, 10),
    state,
    holder,
    rows,
    price_book_version: priceBookVersion,
    at: timeText(Math.floor(nowMs)),
    version: String(version),
  };
  const token = `seal/${kind}/${runId}/${chunk}/${row.day}/${state}/${version}`;
  await warehouse.insert({ table: 'rollup_seals', token, rows: { kind: 'json', values: [row] } });
}

interface SealRow {
  readonly kind: RollupSeal['kind'];
  readonly run_id: string;
  readonly chunk: number;
  readonly day: string;
  readonly holder: string;
  readonly rows: string;
  readonly price_book_version: string;
  readonly at: string;
}

/** The open seals of one kind, oldest first; of one day, or of all. */
export async function openSeals(warehouse: Warehouse, kind: RollupSeal['kind'], dayMs?: number): Promise<OpenSeal[]> {
  const day = dayMs === undefined ? '' : timeText(dayMs).slice(0, 10);
  const result = await warehouse.query(
    `SELECT kind, run_id, chunk, toString(day) AS day, holder, rows, price_book_version,
       toString(toUnixTimestamp64Milli(at)) AS at
     FROM rollup_seals FINAL WHERE kind = {kind:String} AND state = 'open' AND ({day:String} = '' OR toString(day) = {day:String})
     ORDER BY rollup_seals.at, run_id, chunk`,
    { params: { kind, day } },
  );
  return result.rows<SealRow>().map((row) => ({
    kind: row.kind,
    runId: row.run_id,
    chunk: row.chunk,
    dayMs: Date.parse(`${row.day}T00:00:00Z`),
    holder: row.holder,
    rows: Number(row.rows),
    priceBookVersion: row.price_book_version,
    atMs: Number(row.at),
  }));
}
