import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode, Releasers, type Started } from '@weir/kernel';
import { freePort } from '../process/free-port.ts';
import { type SpawnedProcess, spawnProcess } from '../process/spawn-process.ts';
import { tempDirectory } from '../process/temp-directory.ts';
import { kafkaJars } from './kafka-jars.ts';
import { type KafkaListener, kafkaProperties } from './kafka-properties.ts';
import type { KafkaOptions, KafkaServer } from './kafka-server.ts';

const JVM = ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'] as const;
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
] as const;
const START_ATTEMPTS = 3;
const START_MS = 90_000;
const USER = { name: 'weir', password: 'scram-secret' } as const;
const run = promisify(execFile);

/** The broker as a child process, from the jars of Maven. @throws WeirError `TESTKIT_KAFKA_DOWNLOAD`, `TESTKIT_PROCESS_ENDED`. */
export async function startKafkaJvm(options: KafkaOptions): Promise<Started<KafkaServer>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Another test may have taken a port that was free; a directory of the caller's is not formatted a second time.
      const again = errorCode(error) === 'TESTKIT_PROCESS_ENDED' && options.directory === undefined;
      if (!again || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: KafkaOptions): Promise<Started<KafkaServer>> {
  const jars = join(await kafkaJars(), '*');
  const releasers = new Releasers();
  try {
    const directory = options.directory ?? (await newDirectory(releasers));
    await mkdir(directory, { recursive: true });
    const names: KafkaListener[] = ['PLAINTEXT', ...(options.listeners ?? [])];
    const ports = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
    const pemFile = join(directory, 'server.pem');
    const certificate = names.some((name) => name.endsWith('SSL')) ? await makeCertificate(directory) : '';
    const config = join(directory, 'server.properties');
    const text = kafkaProperties({
      dataDirectory: join(directory, 'data'),
      ports: { controller: await freePort(), listeners: Object.fromEntries(ports) },
      pemFile,
      user: USER,
      overrides: options.properties ?? {},
    });
    await writeFile(config, text);
    await format(jars, config);
    const broker = new Broker(jars, config);
    releasers.add('broker', () => broker.stop());
    await broker.start();
    const addresses = new Map(ports.map(([name, port]) => [name, `127.0.0.1:${port}`]));
    const address = (listener: KafkaListener): string => addresses.get(listener) ?? '';
    const value: KafkaServer = {
      bootstrap: address('PLAINTEXT'),
      address,
      user: USER,
      certificate,
      kill: () => broker.kill(),
      restart: () => broker.start(),
      pause: () => broker.signal('SIGSTOP'),
      continue: () => broker.signal('SIGCONT'),
      tool: (mainClass, args, input) => runTool(jars, mainClass, args, input),
    };
    return { value, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

async function newDirectory(releasers: Releasers): Promise<string> {
  const directory = await tempDirectory('weir-kafka-');
  releasers.add('directory', () => directory.stop());
  return directory.value;
}

class Broker {
  readonly #jars: string;
  readonly #config: string;
  #process: SpawnedProcess | undefined;

  constructor(jars: string, config: string) {
    this.#jars = jars;
    this.#config = config;
  }

  async start(): Promise<void> {
    this.#process = spawnProcess('java', [...JVM, ...LOGGING, '-cp', this.#jars, 'kafka.Kafka', this.#config]);
    await this.#process.ready(/Kafka Server started/, START_MS);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.child.kill(signal);
  }

  async kill(): Promise<void> {
    await this.#process?.kill9();
  }

  /** Its data go with it, so there is nothing to shut down in order. */
  async stop(): Promise<void> {
    await this.kill();
  }
}

async function format(jars: string, config: string): Promise<void> {
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${USER.name},password=${USER.password}]`,
  ]);
  const id = Buffer.from('weir-test-broker').toString('base64url');
  const args = ['format', '--ignore-formatted', '-t', id, '-c', config, ...scram];
  await run('java', [...JVM, ...LOGGING, '-cp', jars, 'kafka.tools.StorageTool', ...args]);
}

/** Writes server.pem with a new key and its certificate, which is returned. */
async function makeCertificate(directory: string): Promise<string> {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const args = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', names];
  await run('openssl', ['req', '-x509', ...args, '-keyout', key, '-out', certificate]);
  const text = await readFile(certificate, 'utf8');
  await writeFile(join(directory, 'server.pem'), (await readFile(key, 'utf8')) + text);
  return text;
}

function runTool(jars: string, mainClass: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('java', [...JVM, ...LOGGING, '-cp', jars, mainClass, ...args], (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
    child.stdin?.end(input);
  });
}
