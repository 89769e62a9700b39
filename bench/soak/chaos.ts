import { sleep } from '@weir/kernel';
import type { RunningServices } from '../../test/support/running-services.ts';

export interface ChaosBroker {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface ChaosReport {
  kills: number;
  readonly byName: Record<string, number>;
  brokerAwayMs: number;
  warehouseAwayMs: number;
  storms: number;
  poison: number;
}

export interface ChaosOptions {
  readonly services: RunningServices;
  readonly broker: ChaosBroker;
  /** Pids of the ingress workers and the shipper, which are children of their supervisor. */
  readonly ingressChildren: () => readonly number[];
  readonly random: () => number;
  /** Kills wanted by the time `progress()` is 1; 0: no faults at all. */
  readonly kills: number;
  readonly progress: () => number;
  readonly brokerAwayMs: number;
  readonly warehouseAwayMs: number;
  readonly poison: () => Promise<void>;
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Kills, stops and storms, spread evenly over the run; the same seed gives the same order. No kills: a calm run. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const report: ChaosReport = { kills: 0, byName: {}, brokerAwayMs: 0, warehouseAwayMs: 0, storms: 0, poison: 0 };
  const calm = options.kills === 0;
  const long = calm
    ? []
    : [
        { at: 0.2, run: () => brokerAway(options, report) },
        { at: 0.4, run: () => warehouseAway(options, report) },
        { at: 0.6, run: () => rebalanceStorm(options, report) },
        { at: 0.8, run: () => brokerAway(options, report) },
      ];
  while (!options.signal.aborted && (options.progress() < 1 || report.kills < options.kills)) {
    const due = long[0] !== undefined && options.progress() >= long[0].at ? long.shift() : undefined;
    if (due !== undefined) await due.run();
    else if (report.kills < options.kills * options.progress()) await killOne(options, report);
    else await sleep(200, options.signal);
  }
  return report;
}

async function killOne(options: ChaosOptions, report: ChaosReport): Promise<void> {
  const { services, random, log } = options;
  const names = [
    ...services.names().filter((name) => !name.startsWith('ingress')),
    'ingress child',
    'ingress child',
    'broker',
  ];
  const name = names[Math.floor(random() * names.length)] ?? '';
  const downMs = 200 + Math.floor(random() * 4_000);
  log(`kill -9 ${name}, away for ${downMs} ms`);
  report.kills += 1;
  report.byName[name] = (report.byName[name] ?? 0) + 1;
  if (name === 'ingress child') {
    const children = options.ingressChildren();
    const pid = children[Math.floor(random() * children.length)];
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await sleep(downMs);
  } else if (name === 'broker') {
    await options.broker.kill();
    await sleep(downMs);
    await options.broker.restart();
  } else {
    await services.kill(name);
    await sleep(downMs);
    await services.start(name);
  }
  if (random() < 0.2) {
    await options.poison();
    report.poison += 1;
  }
}

async function brokerAway({ broker, brokerAwayMs, log }: ChaosOptions, report: ChaosReport): Promise<void> {
  log(`the broker is away for ${brokerAwayMs} ms`);
  await broker.kill();
  report.kills += 1;
  report.byName['broker'] = (report.byName['broker'] ?? 0) + 1;
  await sleep(brokerAwayMs);
  await broker.restart();
  report.brokerAwayMs += brokerAwayMs;
}

async function warehouseAway({ services, warehouseAwayMs, log }: ChaosOptions, report: ChaosReport): Promise<void> {
  log(`the warehouse is away for ${warehouseAwayMs} ms`);
  await services.kill('warehouse');
  report.kills += 1;
  report.byName['warehouse'] = (report.byName['warehouse'] ?? 0) + 1;
  await sleep(warehouseAwayMs);
  await services.start('warehouse');
  report.warehouseAwayMs += warehouseAwayMs;
}

/** Members come and go faster than a group settles. */
async function rebalanceStorm({ services, log }: ChaosOptions, report: ChaosReport): Promise<void> {
  log('rebalance storm');
  for (let round = 0; round < 6; round += 1) {
    for (const name of services.names().filter((each) => /^(loader|cost)-2$/.test(each))) {
      if (round % 2 === 0) {
        await services.kill(name);
        report.kills += 1;
        report.byName[name] = (report.byName[name] ?? 0) + 1;
      } else await services.stopOne(name);
      await services.start(name);
    }
  }
  report.storms += 1;
}
