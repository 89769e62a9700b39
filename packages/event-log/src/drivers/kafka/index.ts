export { type KafkaLog, openKafkaLog } from './kafka-log.ts';
export {
  brokersFromUrl,
  type KafkaAppendOptions,
  type KafkaFetchOptions,
  type KafkaGroupOptions,
  type KafkaLogEntry,
  type KafkaLogOptions,
  type KafkaSasl,
  type KafkaTls,
  type KafkaTopicOptions,
  kafkaSettings,
} from './kafka-options.ts';
export { topicConfig } from './topics/ensure-topics.ts';
