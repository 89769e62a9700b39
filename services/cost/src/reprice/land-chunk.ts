import { type Clock, sleep } from '@weir/kernel';
import { compareRollups, openSeals, type RollupSeal, rebuildRollups, type Warehouse, writeSeal } from '@weir/warehouse';
import { type ChunkId, clearScratch, clearStaged, clearUnsealed, hasLanded, landAdjustments } from './adjustments.ts';
import { DAY_MS } from './plan-chunks.ts';
import { holderHere } from './reprice-lock.ts';

/** An audit that holds a day for longer than this is dead. */
const AUDIT_MS = 30 * 60_000;
const POLL_MS = 500;
/** Until then, and this many inserts, the tables remember a token (infra/clickhouse/migrations). */
const REMEMBERED_MS = 24 * 3_600_000;
const TOKENS_REMEMBERED = 50_000;

export interface LandContext {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Writes a staged chunk: sealed first, so that a crash leaves a note of what may have been written in part, then
 * inserted under its token, then closed. The audit of the rollups keeps off the day meanwhile.
 */
export async function landChunk(
  context: LandContext,
  id: ChunkId,
  staged: { readonly dayMs: number; readonly rows: number; readonly version: string },
): Promise<void> {
  const { dayMs, rows, version } = staged;
  const seal: RollupSeal = { kind: 'chunk', ...id, dayMs, holder: holderHere(), rows, priceBookVersion: version };
  await writeSeal(context.warehouse, seal, 'open', context.clock.now());
  await untilAudited(context, dayMs);
  await landAdjustments(context.warehouse, id);
  await writeSeal(context.warehouse, seal, 'closed', context.clock.now());
  await clearStaged(context.warehouse, id);
}

/** Ends what a killed repricing left: sealed chunks are written whole, what was not sealed is cleared away. */
export async function settleChunks(context: LandContext): Promise<number> {
  const { warehouse, clock } = context;
  const open = await openSeals(warehouse, 'chunk');
  for (const seal of open) {
    await untilAudited(context, seal.dayMs);
    if ((await isRemembered(warehouse, seal.atMs, clock.now())) || !(await hasLanded(warehouse, seal))) {
      await landAdjustments(warehouse, seal);
    } else {
      await mendDay(warehouse, seal.dayMs, clock.now());
    }
    await writeSeal(warehouse, seal, 'closed', clock.now());
  }
  await clearScratch(warehouse);
  await clearUnsealed(warehouse);
  return open.length;
}

/** Too old for its token: the rows are there, and what the rollups lack of them is made anew. */
async function mendDay(warehouse: Warehouse, dayMs: number, nowMs: number): Promise<void> {
  const drifts = await compareRollups(warehouse, { fromMs: dayMs, toMs: dayMs + DAY_MS }, nowMs);
  if (drifts.length > 0) await rebuildRollups(warehouse, dayMs);
}

async function isRemembered(warehouse: Warehouse, sealedAtMs: number, nowMs: number): Promise<boolean> {
  if (nowMs - sealedAtMs > REMEMBERED_MS) return false;
  const result = await warehouse.query(
    `SELECT count() AS n FROM ingest_batches
     WHERE table = 'requests' AND inserted_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')`,
    { params: { since: Math.floor(sealedAtMs) } },
  );
  return Number(result.rows<{ n: string }>()[0]?.n ?? 0) < TOKENS_REMEMBERED;
}

/** Waits while an audit makes the rollups of the day anew: what is written meanwhile would count twice or not at all. */
async function untilAudited({ warehouse, clock, signal }: LandContext, dayMs: number): Promise<void> {
  for (;;) {
    const audits = await openSeals(warehouse, 'audit', dayMs);
    if (audits.every(({ atMs }) => clock.now() - atMs > AUDIT_MS) || signal.aborted) return;
    await sleep(POLL_MS, signal);
  }
}
