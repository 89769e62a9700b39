import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROVIDERS } from '@weir/providers';
import { freePort, type SpawnedNode, spawnNode, tempDirectory } from '@weir/testkit';
import { queryRows } from './running-weir.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');

/** A Weir of separate processes around a Kafka: what runs in containers elsewhere. */
export interface RunningServices {
  readonly ingressUrl: string;
  readonly sqlUrl: string;
  readonly consoleUrl: string;
  readonly directory: string;
  /** Of weir.yaml. */
  readonly configFile: string;
  query<Row>(sql: string): Promise<Row[]>;
  metricsOf(name: string): Promise<string>;
  /** Names of what runs: `cost-1`, `cost-2`, … */
  names(): string[];
  pidOf(name: string): number;
  /** SIGKILL; it stays down until `start`. */
  kill(name: string): Promise<void>;
  /** Starts one that was killed or stopped. */
  start(name: string): Promise<void>;
  /** A graceful stop of one, as a rolling restart does. */
  stopOne(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ServicesOptions {
  readonly kafka: string;
  readonly providerUrl: string;
  /** How many of each; default one ingress, two costs, two loaders, one anomaly, one console. */
  readonly counts?: Readonly<Partial<Record<ServiceName, number>>>;
  readonly partitions?: number;
  /** More of weir.yaml. */
  readonly settings?: object;
  /** Where data goes; default a new directory that is removed at the end. */
  readonly directory?: string;
}

type ServiceName = 'ingress' | 'cost' | 'loader' | 'anomaly' | 'console';
const COUNTS: Readonly<Record<ServiceName, number>> = { ingress: 1, cost: 2, loader: 2, anomaly: 1, console: 1 };
const READY_MS = 120_000;

interface Service {
  readonly service: string;
  readonly config: string;
  readonly observePort: number;
  process: SpawnedNode | undefined;
}

export async function startServices(options: ServicesOptions): Promise<RunningServices> {
  const temporary = options.directory === undefined ? await tempDirectory() : undefined;
  const directory = options.directory ?? temporary?.value ?? '';
  const [ingress, sql, page] = [await freePort(), await freePort(), await freePort()];
  const sqlUrl = `http://127.0.0.1:${sql}`;
  const files = writeConfigs(directory, options, { ingress, sql, page });
  const services = new Map<string, Service>();
  const add = async (name: string, service: string, config: string): Promise<void> => {
    services.set(name, { service, config, observePort: await freePort(), process: undefined });
  };
  await add('warehouse', 'warehouse', files.warehouse);
  for (const service of ['loader', 'cost', 'anomaly', 'console', 'ingress'] as const) {
    const count = options.counts?.[service] ?? COUNTS[service];
    for (let index = 1; index <= count; index += 1) await add(`${service}-${index}`, service, files.services);
  }
  const find = (name: string): Service => {
    const service = services.get(name);
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  };
  const start = async (name: string): Promise<void> => {
    const service = find(name);
    const observe = ['ingress', 'warehouse'].includes(service.service)
      ? []
      : ['--observe-port', `${service.observePort}`];
    const words = ['run', service.service, '--config', service.config, ...observe];
    service.process = spawnNode(MAIN, words, { cwd: directory });
    await service.process.ready(new RegExp(`${service.service} is running`), READY_MS);
  };
  await start('warehouse');
  await Promise.all([...services.keys()].filter((name) => name !== 'warehouse').map(start));
  return {
    ingressUrl: `http://127.0.0.1:${ingress}`,
    sqlUrl,
    consoleUrl: `http://127.0.0.1:${page}`,
    directory,
    configFile: files.services,
    query: (text) => queryRows(sqlUrl, text),
    metricsOf: async (name) => (await fetch(`http://127.0.0.1:${find(name).observePort}/metrics`)).text(),
    names: () => [...services].filter(([, { process }]) => process !== undefined).map(([name]) => name),
    pidOf: (name) => find(name).process?.child.pid ?? 0,
    async kill(name) {
      const service = find(name);
      await service.process?.kill9();
      service.process = undefined;
    },
    start,
    async stopOne(name) {
      const service = find(name);
      await service.process?.stop(60_000);
      service.process = undefined;
    },
    async stop() {
      const running = [...services.values()].filter(({ service }) => service !== 'warehouse').reverse();
      await Promise.all(running.map(({ process }) => process?.stop(60_000)));
      await find('warehouse').process?.stop(60_000);
      await temporary?.stop();
    },
  };
}

function writeConfigs(
  directory: string,
  { kafka, providerUrl, partitions = 2, settings = {} }: ServicesOptions,
  ports: { readonly ingress: number; readonly sql: number; readonly page: number },
): { readonly services: string; readonly warehouse: string } {
  const logging = { level: 'info', format: 'json' };
  const providers = Object.fromEntries(
    [...PROVIDERS.keys()].map((slug) => [slug, { base_url: `${providerUrl}/${slug}` }]),
  );
  const services = {
    ingress: { port: ports.ingress, workers: 2 },
    log: { url: `kafka://${kafka}`, partitions, kafka: { replication_factor: 1, session_timeout_ms: 6_000 } },
    warehouse: { url: `http://127.0.0.1:${ports.sql}` },
    console: { port: ports.page },
    loader: { linger_ms: 100 },
    logging,
    providers,
    ...settings,
  };
  const warehouse = {
    warehouse: { url: 'chdb:./data/warehouse' },
    sql: { port: ports.sql, read_only: false },
    logging,
  };
  const write = (name: string, config: object): string => {
    const file = join(directory, name);
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
    return file;
  };
  return { services: write('weir.yaml', services), warehouse: write('warehouse.yaml', warehouse) };
}
