import type { EventLog, StoredRecord } from '@weir/event-log';

/** Every record of a topic that is there now. */
export async function readTopic(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const ending = new AbortController();
  const ends = new Map<number, number>();
  for (const { partition, endOffset, startOffset } of await log.lag('readers-of-tests', topic)) {
    if (endOffset > startOffset) ends.set(partition, endOffset);
  }
  const records: StoredRecord[] = [];
  if (ends.size === 0) return records;
  for await (const record of log.tail(topic, { from: 'earliest', signal: ending.signal })) {
    const end = ends.get(record.partition);
    if (end === undefined) continue;
    records.push(record);
    if (record.offset + 1 >= end) ends.delete(record.partition);
    if (ends.size === 0) break;
  }
  ending.abort();
  return records;
}
