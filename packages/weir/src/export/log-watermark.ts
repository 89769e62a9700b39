import type { EventLog, PartitionLag } from '@weir/event-log';
import type { Watermark } from '@weir/exporter';
import { type Clock, systemClock } from '@weir/kernel';

export interface LogReader {
  readonly group: string;
  readonly topic: string;
}

export interface LogWatermarkOptions {
  /** Turns requests into costs: `topic` is what the ingress writes. */
  readonly cost: LogReader;
  /** Turn costs into rows. */
  readonly loader: LogReader;
  /** Further readers of the cost's topic whose rows are exported (bodies). */
  readonly alongside: readonly LogReader[];
  readonly clock?: Clock;
}

/** End offsets by partition. */
type Ends = ReadonlyMap<number, number>;

interface Observation {
  /** Before the ends were read: what is logged later may be missing in them. */
  readonly at: number;
  readonly requests: Ends;
  /** The end of the costs, read once the cost service had passed `requests`; undefined until then. */
  costs: Ends | undefined;
}

/**
 * How far the warehouse is, from the log alone: note the ends of weir.requests at a moment; when the cost service has
 * committed past them, note the ends of weir.costs; when the loader has committed past those, everything logged before
 * the moment is in the warehouse. A commit of the loader at N says that the rows below N have landed (its seals name what
 * is in doubt above). Partitions without records end where they start, and hold nothing up.
 */
export function createLogWatermark(log: EventLog, options: LogWatermarkOptions): Watermark {
  const { cost, loader, alongside, clock = systemClock } = options;
  let closed: number | undefined;
  let pending: Observation | undefined;

  const passed = async (reader: LogReader, ends: Ends): Promise<boolean> => {
    const partitions = await log.lag(reader.group, reader.topic);
    return partitions.every((found) => positionOf(found) >= (ends.get(found.partition) ?? 0));
  };
  const endsOf = async (reader: LogReader): Promise<Ends> => {
    const partitions = await log.lag(reader.group, reader.topic);
    return new Map(partitions.map(({ partition, endOffset }) => [partition, endOffset]));
  };

  async function advance(observation: Observation): Promise<boolean> {
    if (!(await passed(cost, observation.requests))) return false;
    observation.costs ??= await endsOf(loader);
    if (!(await passed(loader, observation.costs))) return false;
    for (const reader of alongside) if (!(await passed(reader, observation.requests))) return false;
    return true;
  }

  return {
    async closedBefore() {
      pending ??= { at: clock.now(), requests: await endsOf(cost), costs: undefined };
      if (await advance(pending)) {
        closed = pending.at;
        pending = undefined;
      }
      return closed;
    },
  };
}

/** Where the group will read next; one that never committed starts at the first record. */
const positionOf = ({ committed, startOffset }: PartitionLag): number => committed ?? startOffset;
