import type { Started } from '@weir/kernel';
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';
import { freePort } from '../process/free-port.ts';
import { kafkaVersion } from './kafka-jars.ts';
import { TEST_PROPERTIES } from './kafka-properties.ts';
import type { KafkaOptions, KafkaServer } from './kafka-server.ts';

const STARTED = /Kafka Server started/;
const START_MS = 120_000;

/** The broker as a container of Apache's own image, of the version that the jars have. */
export async function startKafkaContainer(options: KafkaOptions): Promise<Started<KafkaServer>> {
  const port = await freePort();
  const properties = {
    ...TEST_PROPERTIES,
    'controller.quorum.voters': '1@localhost:9093',
    listeners: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://localhost:9093`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    ...options.properties,
  };
  const started = await new GenericContainer(`apache/kafka:${await kafkaVersion()}`)
    .withEnvironment(Object.fromEntries(Object.entries(properties).map(([name, value]) => [variable(name), value])))
    // The same port inside and outside, so that what the broker says about itself is right.
    .withExposedPorts({ container: port, host: port })
    .withWaitStrategy(Wait.forLogMessage(STARTED))
    .withStartupTimeout(START_MS)
    .start();
  const { container } = await getContainerRuntimeClient();
  const engine = container.dockerode.getContainer(started.getId());
  const background = (work: Promise<unknown>): void => void work.catch(() => {});
  const value: KafkaServer = {
    bootstrap: `127.0.0.1:${port}`,
    address: () => `127.0.0.1:${port}`,
    user: { name: '', password: '' },
    certificate: '',
    kill: async () => void (await engine.kill()),
    restart: async () => {
      const since = Math.floor(Date.now() / 1_000);
      await engine.start();
      await new Promise<void>((resolve, reject) => {
        engine.logs({ follow: true, stdout: true, stderr: true, since }, (error, stream) => {
          if (error !== null || stream === undefined) return reject(error);
          stream.on('data', (chunk: Buffer) => {
            if (STARTED.test(chunk.toString())) resolve();
          });
        });
      });
    },
    pause: () => background(engine.pause()),
    continue: () => background(engine.unpause()),
    tool: async (mainClass, args, input = '') => {
      const script = `printf %s "$0" | base64 -d | /opt/kafka/bin/kafka-run-class.sh "$@"`;
      const encoded = Buffer.from(input).toString('base64');
      const { stdout, exitCode } = await started.exec(['sh', '-c', script, encoded, mainClass, ...args]);
      if (exitCode !== 0) throw new Error(`${mainClass} ended with ${exitCode}`);
      return stdout;
    },
  };
  return {
    value,
    stop: async () => {
      await started.stop({ timeout: 0 });
    },
  };
}

/** How the image takes a property: `group.initial.rebalance.delay.ms` as KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS. */
function variable(property: string): string {
  return `KAFKA_${property.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`;
}
