export { TESTKIT_ERRORS } from './errors.ts';
export { fixturesDirectory } from './fixtures-directory.ts';
export { findKafka, type KafkaSource } from './kafka/find-kafka.ts';
export type { KafkaListener } from './kafka/kafka-properties.ts';
export type { KafkaOptions, KafkaServer } from './kafka/kafka-server.ts';
export { sharedKafka, startKafkaLender } from './kafka/shared-kafka.ts';
export { startKafka } from './kafka/start-kafka.ts';
export { freePort } from './process/free-port.ts';
export { type SpawnedNode, type SpawnOptions, spawnNode } from './process/spawn-node.ts';
export { tempDirectory } from './process/temp-directory.ts';
export { type WaitOptions, waitFor } from './process/wait-for.ts';
export { type RedisServer, startRedis } from './redis-server.ts';
export { encodeEventStreamFrame } from './replay/aws-event-stream.ts';
export { type Fault, parseFault } from './replay/faults.ts';
export {
  type ReplayOptions,
  type ReplayProvider,
  type ReplayRequest,
  startReplayProvider,
} from './replay/replay-provider.ts';
export type { ReplayCounters, ServedResponse, ServedTotals } from './replay/served-ledger.ts';
export { type SeededRandom, seededRandom } from './replay/synthesis/seeded-random.ts';
export { locateS3Server } from './s3/locate-s3-server.ts';
export { type FaultProxy, type ProxiedRequest, type ProxyFault, startFaultProxy } from './s3/start-fault-proxy.ts';
export { type S3Server, startS3Server } from './s3/start-s3-server.ts';
export {
  type DemoTrafficOptions,
  type DemoTrafficProgress,
  type DemoTrafficSummary,
  runDemoTraffic,
} from './traffic/run-demo-traffic.ts';
export {
  type MailAnswer,
  type MailReceiver,
  type MailReceiverOptions,
  type ReceivedMail,
  startMailReceiver,
} from './webhooks/mail-receiver.ts';
export {
  type Answer as WebhookAnswer,
  type ReceivedCall,
  startWebhookReceiver,
  type WebhookReceiver,
} from './webhooks/webhook-receiver.ts';
