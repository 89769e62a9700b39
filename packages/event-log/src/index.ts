export { EVENT_LOG_ERRORS } from './errors.ts';
export type {
  Assignment,
  CommittedOffset,
  EventLog,
  LogRecord,
  PartitionLag,
  Position,
  ReadLimits,
  StoredRecord,
  SubscribeOptions,
  Subscription,
  SyncAppender,
  TailOptions,
  TopicDescription,
  TopicSpec,
} from './event-log.ts';
export { partitionForKey } from './partition-for-key.ts';
