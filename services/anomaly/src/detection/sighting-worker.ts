import type { Assignment, LogRecord } from '@weir/event-log';
import { type Clock, untilAccepted } from '@weir/kernel';
import { type CostFollowerDependencies, followCosts } from '../costs/cost-follower.ts';
import { encodeSightings, encodeTick, type SightingSourcePlace } from './anomaly-log-codec.ts';
import { type Sighting, sightingOf } from './sighting.ts';

export interface SightingWorkerDependencies
  extends Omit<CostFollowerDependencies, 'take' | 'records' | 'onIdle' | 'waitMs'> {
  readonly clock: Clock;
  /** Least time between two ticks of a partition, ms. */
  readonly tickMs: number;
  /** Partitions of weir.costs. */
  partitions(): Promise<number>;
  /** Whether every request that has been taken in up to now, of this partition, has become a cost. */
  isUpstreamRead(partition: number): Promise<boolean>;
}

const SIGHTINGS_PER_RECORD = 250;

/**
 * First stage of detection: the attempts of one partition of weir.costs go to weir.anomaly-log, and while none come, the
 * time: "all there was by now has been told". A partition that lags, or whose requests are not priced yet, tells no
 * time, so that an outage of Weir is not taken for one of its callers.
 */
export async function runSightingWorker(
  assignment: Assignment,
  dependencies: SightingWorkerDependencies,
): Promise<void> {
  const { clock, tickMs, append, partitions, isUpstreamRead } = dependencies;
  const { partition, signal } = assignment;
  const place: { -readonly [Key in keyof SightingSourcePlace]: SightingSourcePlace[Key] } = {
    partition,
    partitions: await partitions(),
  };
  const waitMs = Math.max(20, Math.min(1_000, tickMs / 2));
  let sightings: Sighting[] = [];
  let tickedAt = Number.NEGATIVE_INFINITY;
  /** When it was last known that everything before had been priced: what is then read to the end is complete up to it. */
  let pricedBy: number | undefined;
  await followCosts(assignment, {
    ...dependencies,
    waitMs,
    take(event, record) {
      const sighting = sightingOf(event, record.offset);
      // A clock that is ahead must not make all others late.
      if (sighting !== undefined) sightings.push({ ...sighting, ts: Math.min(sighting.ts, record.timestampMs) });
    },
    records() {
      const records: LogRecord[] = [];
      for (let at = 0; at < sightings.length; at += SIGHTINGS_PER_RECORD) {
        const value = encodeSightings(place, sightings.slice(at, at + SIGHTINGS_PER_RECORD));
        records.push({ key: String(partition), value, partition: 0 });
      }
      sightings = [];
      return records;
    },
    async onIdle() {
      const since = clock.monotonic() - tickedAt;
      if (pricedBy !== undefined && since >= tickMs) {
        const value = encodeTick(place, pricedBy);
        pricedBy = undefined;
        tickedAt = clock.monotonic();
        await untilAccepted(() => append([{ key: 'tick', value, partition: 0 }]), signal);
      }
      if (pricedBy !== undefined || since < tickMs - waitMs) return;
      const now = clock.now();
      place.partitions = await partitions();
      if (await isUpstreamRead(partition)) pricedBy = now;
    },
  });
}
