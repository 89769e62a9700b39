import { loadConfig } from '@weir/config';
import { kafkaSettings, topicConfig } from '@weir/event-log/drivers/kafka';
import { topicSpecs } from 'weir/topics';

/** Enough for a dozen processes of each service; `log.partitions` may only rise. */
const PARTITIONS = 12;

const HEADER = `# Weir's topics on Kafka, for those who create topics by hand or by a tool of their own; otherwise Weir makes and adapts
# them when it starts (with the brokers' own replication). Written by \`pnpm generate\` from packages/weir/src/topics.ts and
# the defaults of the configuration, for ${PARTITIONS} partitions (log.partitions).
#
# Kafka removes records whether they were read or not: retention.ms must outlast the longest outage of a reader.
# For each topic: kafka-topics.sh --create --topic NAME --partitions N --replication-factor N --config KEY=VALUE …
`;

/** infra/kafka/topics.yaml. */
export function kafkaTopicsYaml(root: string): string {
  const { config } = loadConfig({ environment: {}, workingDirectory: root, file: undefined });
  const settings = kafkaSettings({ brokers: ['kafka:9092'] });
  const lines = topicSpecs({ ...config, log: { ...config.log, partitions: PARTITIONS } }).flatMap((spec) => [
    `  - name: ${spec.name}`,
    `    partitions: ${spec.partitions}`,
    '    replication_factor: 3',
    '    config:',
    ...Object.entries({ ...topicConfig(spec, spec.partitions, settings), 'min.insync.replicas': '2' })
      .sort()
      .map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`),
  ]);
  return `${HEADER}topics:\n${lines.join('\n')}\n`;
}
