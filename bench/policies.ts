/**
 * What each policy of the gateway adds to a request: the bare pass-through, Weir without any, and Weir with more and more
 * of them, in short rounds that take turns; processor time a request, medians over the rounds.
 *
 *   node bench/policies.ts [--rounds 7] [--prompt 600] [--only off,token+limit] [--profile DIR]
 *
 * `--profile` writes the profiles of V8 into DIR, a folder for each target; what it measures then means nothing.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tempDirectory } from '@weir/testkit';
import { closedLoop, type Throughput } from './gateway/closed-loop.ts';
import { CORE, startTarget, type Target } from './gateway/target.ts';
import { POLICIES, type Policy, startWeir } from './gateway/weir-target.ts';
import { pin, residentMiB } from './support/cpu.ts';
import { median, printTable } from './support/report.ts';

const SETS: Readonly<Record<string, readonly Policy[]>> = {
  off: [],
  token: ['token'],
  'token+limit': ['token', 'limit'],
  'token+budget': ['token', 'budget'],
  'token+cache': ['token', 'cache'],
  'token+limit+budget': ['token', 'limit', 'budget'],
  everything: POLICIES,
};
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    prompt: { type: 'string', default: '600' },
    only: { type: 'string', default: Object.keys(SETS).join() },
    profile: { type: 'string' },
  },
});
const ROUNDS = Number(values.rounds);
const CONNECTIONS = 64;
const SECONDS = 2;
const WARM_SECONDS = 4;

pin(process.pid, CORE.load);
const upstream = await startTarget({ name: 'direct', file: 'upstream.ts', core: CORE.load });
const { origin } = new URL(upstream.url);
const directories = await Promise.all(values.only.split(',').map(() => tempDirectory()));
const targets: Target[] = [await startTarget({ name: 'bare', file: 'bare-proxy.ts', parameters: [origin] })];
for (const [index, name] of values.only.split(',').entries()) {
  const policies = SETS[name];
  if (policies === undefined) throw new Error(`--only: "${name}" is none of ${Object.keys(SETS).join(', ')}`);
  const folder = values.profile === undefined ? undefined : join(resolve(values.profile), name);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const profiled = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  targets.push(await startWeir(`Weir, ${name}`, origin, directories[index]?.value ?? '', policies, profiled));
}

const results = new Map<Target, Throughput[]>(targets.map((target) => [target, []]));
for (const target of targets) closedLoop(target, CONNECTIONS, WARM_SECONDS, Number(values.prompt));
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const target of round % 2 === 0 ? targets : [...targets].reverse()) {
    results.get(target)?.push(closedLoop(target, CONNECTIONS, SECONDS, Number(values.prompt)));
  }
  console.error(`round ${round} of ${ROUNDS}`);
}

const [bare] = targets;
const of = (target: Target | undefined, read: (each: Throughput, round: number) => number): number =>
  median((target === undefined ? [] : (results.get(target) ?? [])).map(read));
const bareIn = (round: number): Throughput =>
  (bare && results.get(bare)?.[round]) ?? { rps: Number.NaN, cpuUs: Number.NaN };
printTable(
  `policies (${values.prompt} bytes of prompt, ${CONNECTIONS} connections, medians of ${ROUNDS} rounds)`,
  targets.map((target) => ({
    target: target.name,
    'requests/s': Math.round(of(target, ({ rps }) => rps)).toLocaleString('en'),
    '× bare': of(target, ({ rps }, round) => rps / bareIn(round).rps).toFixed(2),
    'CPU a request, µs': of(target, ({ cpuUs }) => cpuUs).toFixed(1),
    'CPU over bare, µs': of(target, ({ cpuUs }, round) => cpuUs - bareIn(round).cpuUs).toFixed(1),
    'RSS, MiB': residentMiB(target.pid).toFixed(0),
  })),
);
for (const target of [...targets].reverse()) await target.stop();
await upstream.stop();
for (const directory of directories) await directory.stop();
