import type { Assignment } from '@weir/event-log';
import { readSeal, writeSeal } from '../range/seal.ts';

/**
 * Makes the loader of a partition begin again at `fromOffset`, under a new epoch: every record up to today's end is
 * looked up in the ledger, and only what it lacks is inserted. Returns how many offsets will be gone over.
 */
export async function replayPartition(assignment: Assignment, fromOffset: number): Promise<number> {
  const { progress } = readSeal(assignment.committed?.metadata ?? '');
  const end = await assignment.endOffset();
  const replay = { ...progress, epoch: progress.epoch + 1, replayUntil: Math.max(progress.replayUntil, end - 1) };
  await assignment.commit(fromOffset, writeSeal(null, replay));
  return Math.max(0, end - fromOffset);
}
