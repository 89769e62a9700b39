import type { StoredRecord, TailOptions } from '../event-log.ts';
import type { PartitionSource } from './partition-source.ts';

const LIMITS = { maxRecords: 500, maxBytes: 1024 * 1024 } as const;
const WAIT_MS = 1_000;

/** Reads all partitions in turn, without a group, until the signal aborts; also partitions that are added later. */
export async function* tailTopic(
  open: {
    readonly partitions: () => number | Promise<number>;
    readonly source: (partition: number) => PartitionSource;
  },
  options: TailOptions,
): AsyncGenerator<StoredRecord> {
  const tails: { readonly source: PartitionSource; position: number }[] = [];
  const addPartitions = async (from: TailOptions['from']): Promise<void> => {
    const partitions = await open.partitions();
    while (tails.length < partitions) {
      const source = open.source(tails.length);
      const { startOffset, endOffset } = await source.bounds();
      tails.push({ source, position: from === 'earliest' ? startOffset : endOffset });
    }
  };
  try {
    await addPartitions(options.from);
    while (!options.signal.aborted) {
      let found = false;
      for (const tail of tails) {
        const batch = await tail.source.read(tail.position, LIMITS);
        tail.position = batch.nextOffset;
        for (const record of batch.records) {
          if (options.signal.aborted) return;
          found = true;
          yield record;
        }
      }
      if (!found) await waitForAny(tails, options.signal);
      // A partition that appears while tailing is new as a whole.
      await addPartitions('earliest');
    }
  } finally {
    for (const tail of tails) tail.source.close();
  }
}

async function waitForAny(
  tails: readonly { readonly source: PartitionSource; readonly position: number }[],
  signal: AbortSignal,
): Promise<void> {
  const first = new AbortController();
  const either = AbortSignal.any([signal, first.signal]);
  await Promise.race(tails.map((tail) => tail.source.waitForData(tail.position, WAIT_MS, either)));
  first.abort();
}
