import type { PartitionLag, TopicDescription } from '../../../event-log.ts';
import { withAdmin, withClient } from '../client/short-lived.ts';
import { fetchCommitted } from '../group/group-protocol.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import { partitionCounts } from './ensure-topics.ts';

/** Every partition of the topic, with what the group committed. */
export function kafkaLag(settings: KafkaSettings, group: string, topic: string): Promise<PartitionLag[]> {
  return withClient(settings, `asking for the lag of group ${group} on ${topic}`, async (client) => {
    await client.use([topic]);
    const partitions = Array.from({ length: client.partitions(topic) }, (_, partition) => partition);
    const asked = partitions.map((partition) => ({ topic, partition }));
    const [bounds, committedOf] = await Promise.all([
      client.boundsOf(topic, partitions),
      client.coordinator(group).then((coordinator) => fetchCommitted(coordinator, group, asked)),
    ]);
    return bounds.map(({ startOffset, endOffset }, partition) => {
      const committed = committedOf({ topic, partition })?.offset ?? null;
      return { partition, committed, startOffset, endOffset, lag: endOffset - (committed ?? startOffset) };
    });
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
