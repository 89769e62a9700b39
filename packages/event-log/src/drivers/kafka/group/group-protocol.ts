import { AssignerProtocol } from 'kafkajs';
import { balancePartitions } from '../../../consumer/balance.ts';
import type { CommittedOffset } from '../../../event-log.ts';
import type { KafkaClient } from '../client/kafka-client.ts';
import { kafkaErrorType } from '../client/kafka-errors.ts';
import type { JoinGroupAnswer, WireBroker } from '../client/kafkajs-internals.ts';

/** Members of a group must agree on how partitions are shared out: other Kafka clients cannot join it by mistake. */
const PROTOCOL_NAME = 'weir-balanced';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a member holds from one rebalance to the next. */
export interface Membership {
  readonly coordinator: WireBroker;
  readonly generationId: number;
  readonly memberId: string;
  readonly partitions: readonly TopicPartition[];
  /** The member that shares the partitions out has to notice when there are more of them. */
  readonly leads: boolean;
}

/** What an answer of the coordinator means for the member. */
export type GroupVerdict = 'rejoin' | 'forgotten' | 'moved' | 'broken';

export function groupVerdict(error: unknown): GroupVerdict {
  switch (kafkaErrorType(error)) {
    case 'REBALANCE_IN_PROGRESS':
    case 'ILLEGAL_GENERATION':
      return 'rejoin';
    case 'UNKNOWN_MEMBER_ID':
    case 'FENCED_INSTANCE_ID':
      return 'forgotten';
    case 'NOT_COORDINATOR_FOR_GROUP':
    case 'GROUP_COORDINATOR_NOT_AVAILABLE':
    case 'GROUP_LOAD_IN_PROGRESS':
      return 'moved';
    default:
      return 'broken';
  }
}

export interface JoinOptions {
  readonly client: KafkaClient;
  readonly group: string;
  readonly topics: readonly string[];
  /** Empty for a new member. */
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Told as soon as the coordinator named the member, so that it can leave even when the rest fails. */
  readonly onMemberId: (memberId: string) => void;
}

/** Joins the group, or rejoins it after a rebalance began; resolves when all members have done so. */
export async function joinGroup(options: JoinOptions): Promise<Membership> {
  const { client, group, topics, sessionTimeoutMs, rebalanceTimeoutMs } = options;
  const coordinator = await client.coordinator(group);
  const joined = await coordinator.joinGroup({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    memberId: options.memberId,
    groupProtocols: [
      { name: PROTOCOL_NAME, metadata: AssignerProtocol.MemberMetadata.encode(memberMetadata([...topics])) },
    ],
  });
  const { generationId, memberId } = joined;
  options.onMemberId(memberId);
  const leads = joined.leaderId === memberId;
  const groupAssignment = leads ? await shareOut(client, joined) : [];
  const synced = await coordinator.syncGroup({ groupId: group, generationId, memberId, groupAssignment });
  const assignment = AssignerProtocol.MemberAssignment.decode(synced.memberAssignment)?.assignment ?? {};
  const partitions = Object.entries(assignment).flatMap(([topic, each]) =>
    each.map((partition) => ({ topic, partition })),
  );
  return { coordinator, generationId, memberId, partitions, leads };
}

/** What the group has committed for these partitions; null for nothing yet. */
export async function fetchCommitted(
  coordinator: WireBroker,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<(at: TopicPartition) => CommittedOffset | null> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))].map((topic) => ({
    topic,
    partitions: partitions.filter((each) => each.topic === topic).map(({ partition }) => ({ partition })),
  }));
  const { responses } =
    topics.length === 0 ? { responses: [] } : await coordinator.offsetFetch({ groupId: group, topics });
  const found = new Map<string, CommittedOffset>();
  for (const { topic, partitions: answers } of responses) {
    for (const { partition, offset, metadata } of answers) {
      if (Number(offset) >= 0) found.set(`${topic}/${partition}`, { offset: Number(offset), metadata: metadata ?? '' });
    }
  }
  return ({ topic, partition }) => found.get(`${topic}/${partition}`) ?? null;
}

async function shareOut(
  client: KafkaClient,
  { members }: JoinGroupAnswer,
): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
  const readers = members.map(({ memberId, memberMetadata: bytes }) => ({
    id: memberId,
    topics: AssignerProtocol.MemberMetadata.decode(bytes)?.topics ?? [],
  }));
  const topics = [...new Set(readers.flatMap((reader) => reader.topics))].sort();
  await client.use(topics);
  await client.refresh();
  const partitions = topics.flatMap((topic) =>
    Array.from({ length: client.partitions(topic) }, (_, partition) => ({ topic, partition, owner: null })),
  );
  const owners = balancePartitions(readers, partitions);
  return readers.map(({ id }) => {
    const assignment: Record<string, number[]> = {};
    partitions.forEach(({ topic, partition }, index) => {
      if (owners[index] !== id) return;
      const own = assignment[topic] ?? [];
      own.push(partition);
      assignment[topic] = own;
    });
    const memberAssignment = AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: NO_DATA });
    return { memberId: id, memberAssignment };
  });
}

const NO_DATA = Buffer.alloc(0);

const memberMetadata = (topics: string[]) => ({ version: 0, topics, userData: NO_DATA });
