import type { Started } from '@weir/kernel';
import { kafkaSource } from './find-kafka.ts';
import { startKafkaJvm } from './kafka-jvm.ts';
import type { KafkaOptions, KafkaServer } from './kafka-server.ts';

/**
 * Runs one node of Apache Kafka 4 (KRaft, broker and controller in one) on free ports, with nothing in it: in a JVM
 * where Java 17 and Maven are installed, else in a container. Only the JVM has listeners beside PLAINTEXT.
 * @throws WeirError `TESTKIT_KAFKA_DOWNLOAD`, `TESTKIT_PROCESS_ENDED`.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Started<KafkaServer>> {
  if (kafkaSource() !== 'docker') return startKafkaJvm(options);
  const { startKafkaContainer } = await import('./kafka-container.ts');
  return startKafkaContainer(options);
}
