import type { PartitionLag, TopicDescription } from '../../../event-log.ts';
import { withAdmin } from '../client/with-admin.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import { partitionCounts } from './ensure-topics.ts';

/** Every partition of the topic, with what the group committed. */
export function kafkaLag(settings: KafkaSettings, group: string, topic: string): Promise<PartitionLag[]> {
  return withAdmin(settings, `asking for the lag of group ${group} on ${topic}`, async (admin) => {
    const [offsets, groups] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    ]);
    const committedOf = new Map(
      groups.flatMap(({ partitions }) => partitions.map((each) => [each.partition, Number(each.offset)] as const)),
    );
    return offsets
      .map(({ partition, low, high }) => {
        const known = committedOf.get(partition) ?? -1;
        const committed = known < 0 ? null : known;
        const [startOffset, endOffset] = [Number(low), Number(high)];
        return { partition, committed, startOffset, endOffset, lag: endOffset - (committed ?? startOffset) };
      })
      .sort((left, right) => left.partition - right.partition);
  });
}

export function describeKafkaTopics(settings: KafkaSettings): Promise<TopicDescription[]> {
  return withAdmin(settings, 'describing topics', async (admin) => {
    const counts = [...(await partitionCounts(admin))].filter(([name]) => name.startsWith(settings.topics.prefix));
    return Promise.all(
      counts.map(async ([name, partitions]) => {
        const offsets = await admin.fetchTopicOffsets(name);
        const records = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
        return { name, partitions, records, bytes: null, maxBytes: null };
      }),
    );
  });
}
