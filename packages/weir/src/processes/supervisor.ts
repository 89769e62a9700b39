import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Releasers, type Started } from '@weir/kernel';
import { type Logger, mergeMetrics } from '@weir/telemetry';
import type { Settings } from '../settings.ts';
import { startConfigReloader } from './config-reloader.ts';
import type { FromChild, ToChild } from './messages.ts';
import { forkClusterWorker, Supervised } from './supervised.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  /** False: the ingress only; the services behind the log run elsewhere. */
  readonly pipeline: boolean;
  readonly logger: Logger;
  /** Address of the replay provider that answers for every provider, in a demo. */
  readonly demoProviderUrl: string | undefined;
}

const SNAPSHOT_TIMEOUT_MS = 1_500;

/** What every process of the supervisor is told beside its own environment. */
function environmentOf({ settings, demoProviderUrl }: SupervisorOptions): Record<string, string> {
  // The engine and the compression of bodies run on libuv's threads: four are too few for both.
  const environment: Record<string, string> = {
    UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? '16',
    // From the second start on no process holds Node's TypeScript compiler in its memory (30 MiB).
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(settings.runDirectory, 'compiled'),
  };
  if (settings.file !== undefined) environment['WEIR_INTERNAL_CONFIG_FILE'] = settings.file;
  if (demoProviderUrl !== undefined) environment['WEIR_INTERNAL_DEMO_PROVIDER'] = demoProviderUrl;
  return environment;
}

/**
 * A worker's objects live for one call: half of V8's young generation (128 MiB) holds them, a quarter would let calls of a
 * busy machine grow old. Its threads do little: more arenas of theirs would only lie in memory.
 */
const WORKER = {
  nodeArguments: ['--max-semi-space-size=16'],
  environment: { MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '2' },
} as const;

/** How one of the files here becomes a process of its own. */
const forkFile =
  (file: string, environment: Readonly<Record<string, string>>, more: readonly string[] = []) =>
  (): ChildProcess =>
    fork(join(import.meta.dirname, file), [], {
      env: { ...process.env, ...environment },
      execArgv: [...process.execArgv, ...more],
    });

/**
 * Starts the pipeline, the shipper when the log is not on this machine, then the ingress workers; stops in reverse, so
 * that what the workers wrote is still handled.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Started<Readonly<Record<string, string>>>> {
  const { settings, logger } = options;
  const environment = environmentOf(options);
  const members: Supervised[] = [];
  const collector = createSnapshotCollector(members);
  const releasers = new Releasers();
  const urls: Record<string, string> = {};
  const ingress: Supervised[] = [];
  const reloader = startConfigReloader({
    ...options,
    onChange: (config) => {
      for (const worker of ingress) worker.send({ kind: 'config', config });
    },
  });
  releasers.add('configuration', () => reloader.stop());

  const member = async (name: string, forkProcess: () => ChildProcess): Promise<void> => {
    const live = name.startsWith('ingress');
    const supervised = new Supervised({
      name,
      logger,
      fork: forkProcess,
      graceMs: settings.config.ingress.shutdown_grace_ms + 10_000,
      onMessage: (message, send) => {
        if (message.kind !== 'config-request') collector.receive(message, send);
        else send({ kind: 'config', config: live ? reloader.value.config : settings.config });
      },
    });
    members.push(supervised);
    if (live) ingress.push(supervised);
    releasers.add(name, () => supervised.stop());
    Object.assign(urls, await supervised.start());
  };
  try {
    // Bodies live for one event: with room for them the young generation is collected a tenth as often.
    if (options.pipeline)
      await member('pipeline', forkFile('pipeline-process.ts', environment, ['--max-semi-space-size=64']));
    if (settings.log.kind === 'kafka') await member('shipper', forkFile('shipper-process.ts', environment));
    const worker = join(import.meta.dirname, 'ingress-process.ts');
    const workerEnvironment = { ...environment, ...WORKER.environment };
    const count = settings.config.ingress.workers || availableParallelism();
    for (let index = 1; index <= count; index += 1) {
      await member(`ingress ${index}`, () => forkClusterWorker(worker, workerEnvironment, WORKER.nodeArguments));
    }
    return { value: urls, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

/** Gathers the metrics of all processes for whichever of them was asked over HTTP. */
function createSnapshotCollector(members: readonly Supervised[]) {
  let lastRound = 0;
  const rounds = new Map<number, (snapshot: object) => void>();

  async function gather(): Promise<string> {
    lastRound += 1;
    const round = lastRound;
    const snapshots: object[] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SNAPSHOT_TIMEOUT_MS);
      rounds.set(round, (snapshot) => {
        snapshots.push(snapshot);
        if (snapshots.length === members.length) {
          clearTimeout(timer);
          resolve();
        }
      });
      for (const member of members) member.send({ kind: 'snapshot-request', id: round });
    });
    rounds.delete(round);
    return mergeMetrics(snapshots);
  }

  return {
    receive(message: FromChild, send: (answer: ToChild) => void): void {
      if (message.kind === 'snapshot') rounds.get(message.id)?.(message.snapshot);
      if (message.kind !== 'metrics-request') return;
      void gather().then((text) => send({ kind: 'metrics-text', id: message.id, text }));
    },
  };
}
