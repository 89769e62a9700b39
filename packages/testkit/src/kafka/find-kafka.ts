import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WeirError } from '@weir/kernel';

/** Where the tests get their Kafka from: a broker that runs, a JVM of their own, or a container. */
export type KafkaSource = 'address' | 'java' | 'docker';

const JAVA_MIN = 17;
const HOW = 'install Java 17 and Maven, or start Docker, or set WEIR_KAFKA=host:port';

/**
 * Where a real Kafka may come from on this machine; undefined when there is none, with a notice on standard error that
 * names what `reason` skips. In CI, or with WEIR_REQUIRE_KAFKA=1, that is a failure instead.
 * @throws WeirError `TESTKIT_KAFKA_MISSING`
 */
export function findKafka(reason: string): KafkaSource | undefined {
  const found = kafkaSource();
  if (found !== undefined) return found;
  const { CI, WEIR_REQUIRE_KAFKA } = process.env;
  if (CI === 'true' || CI === '1' || WEIR_REQUIRE_KAFKA === '1') {
    throw new WeirError('TESTKIT_KAFKA_MISSING', `${reason}: no Kafka here; ${HOW}`, { fix: HOW });
  }
  process.stderr.write(`\nSKIPPED: ${reason}: no Kafka here; ${HOW}\n\n`);
  return undefined;
}

export function kafkaSource(): KafkaSource | undefined {
  if ((process.env['WEIR_KAFKA'] ?? '') !== '') return 'address';
  if (onPath('mvn') && javaVersion() >= JAVA_MIN) return 'java';
  const socket = process.env['DOCKER_HOST'] ?? '/var/run/docker.sock';
  if ((socket.includes('://') || existsSync(socket)) && runs('docker', ['info'])) return 'docker';
  return undefined;
}

function javaVersion(): number {
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return status === 0 ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
}

/** Starting Maven to see whether it is there takes a JVM each time. */
function onPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, command)));
}

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}
