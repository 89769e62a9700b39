/**
 * The gateway against a direct call, a bare Fastify + undici pass-through, a usual Fastify proxy and Portkey, in one run.
 * Short rounds take turns, and what counts is the median of each round's ratio or difference: a machine that slows down
 * slows all alike. On Linux the servers have a core of their own; load, provider and this script share another.
 *
 *   node bench/gateway.ts [--rounds 9] [--streams 512]
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { tempDirectory } from '@weir/testkit';
import { closedLoop, type Throughput } from './gateway/closed-loop.ts';
import { openLoop } from './gateway/open-loop.ts';
import { pacedStreams, type StreamDelays } from './gateway/paced-streams.ts';
import { CORE, startTarget, type Target } from './gateway/target.ts';
import { POLICIES, startWeir } from './gateway/weir-target.ts';
import { canPin, pin, residentMiB } from './support/cpu.ts';
import { median, percentile, printTable } from './support/report.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    streams: { type: 'string', default: '512' },
  },
});
const ROUNDS = Number(values.rounds);
const STREAMS = Number(values.streams);
const WARM_SECONDS = 5;
/** Short, so that a load which comes and goes on the machine meets all of a round alike. */
const SECONDS = { busy: 2, single: 3, long: 2 } as const;
const CONNECTIONS = 64;
const EVERY_MS = 5;
const FEW_STREAMS = 8;
const PROMPT = { short: 600, long: 100_000 } as const;

if (spawnSync('wrk', ['-v']).error !== undefined) {
  console.error('bench/gateway.ts needs wrk. Install it: apt-get install wrk, or brew install wrk.');
  process.exit(1);
}

interface Results {
  readonly target: Target;
  readonly busy: Throughput[];
  readonly long: Throughput[];
  readonly single: number[][];
  readonly streams: StreamDelays[];
}

pin(process.pid, CORE.load);
const off = await tempDirectory();
const on = await tempDirectory();
const upstream = await startTarget({ name: 'direct', file: 'upstream.ts', core: CORE.load });
const { origin } = new URL(upstream.url);
const bareTarget = await startTarget({
  name: 'bare Fastify + undici dispatch',
  file: 'bare-proxy.ts',
  parameters: [origin],
});
const targets = [
  upstream,
  await startTarget({
    name: 'Portkey 1.15.2',
    file: 'portkey.ts',
    headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${origin}/v1` },
  }),
  await startTarget({ name: 'Fastify + undici.request', file: 'request-proxy.ts', parameters: [origin] }),
  bareTarget,
  await startWeir('Weir, policies off', origin, off.value, []),
  await startWeir('Weir, everything on', origin, on.value, POLICIES),
];
const results: Results[] = targets.map((target) => ({ target, busy: [], long: [], single: [], streams: [] }));

/** Each measurement by itself, the targets one right after the other; each goes first as often as last. */
async function rounds(what: string, measure: (results: Results) => unknown): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const result of round % 2 === 0 ? results : [...results].reverse()) await measure(result);
    console.error(`${what}: round ${round} of ${ROUNDS}`);
  }
}

for (const target of targets) closedLoop(target, CONNECTIONS, WARM_SECONDS, PROMPT.short);
await rounds('most requests', ({ target, busy }) =>
  busy.push(closedLoop(target, CONNECTIONS, SECONDS.busy, PROMPT.short)),
);
await rounds('100 KB prompts', ({ target, long }) =>
  long.push(closedLoop(target, CONNECTIONS, SECONDS.long, PROMPT.long)),
);
await rounds('one connection', async ({ target, single }) =>
  single.push(await openLoop(target, EVERY_MS, SECONDS.single)),
);
await rounds('streams', async ({ target, streams }) => streams.push(await pacedStreams(target, FEW_STREAMS)));

const [direct, bare] = [results[0], results[targets.indexOf(bareTarget)]] as [Results, Results];
const of = (read: (round: number) => number): number =>
  median(Array.from({ length: ROUNDS }, (_, round) => read(round)));
const at = <Item>(list: readonly Item[], round: number): Item => list[round] as Item;
/** Median over the rounds of what a percentile is above the direct call's. */
const added = (read: (results: Results, round: number) => readonly number[], share: number, result: Results): number =>
  of((round) => percentile(read(result, round), share) - percentile(read(direct, round), share));
const where = canPin ? 'servers on a core of their own, load and provider on another' : 'not pinned to cores';
printTable(
  `gateway (one process, 1 KB answers, ${CONNECTIONS} connections; medians of ${ROUNDS} interleaved rounds; ${where})`,
  results.map((result) => {
    const { target, busy, long } = result;
    const single = ({ single: lists }: Results, round: number): readonly number[] => at(lists, round);
    const first = ({ streams }: Results, round: number): readonly number[] => at(streams, round).first;
    const each = ({ streams }: Results, round: number): readonly number[] => at(streams, round).each;
    return {
      target: target.name,
      'requests/s': Math.round(of((round) => at(busy, round).rps)).toLocaleString('en'),
      '× bare': of((round) => at(busy, round).rps / at(bare.busy, round).rps).toFixed(2),
      'CPU a request, µs': of((round) => at(busy, round).cpuUs).toFixed(0),
      '× bare, 100 KB prompts': of((round) => at(long, round).rps / at(bare.long, round).rps).toFixed(2),
      'p50, p99 added at 1 connection, µs': `${added(single, 0.5, result).toFixed(0)}, ${added(single, 0.99, result).toFixed(0)}`,
      'first chunk p50, p99 added, ms': `${added(first, 0.5, result).toFixed(2)}, ${added(first, 0.99, result).toFixed(2)}`,
      'each chunk p50, p99 added, ms': `${added(each, 0.5, result).toFixed(2)}, ${added(each, 0.99, result).toFixed(2)}`,
      'RSS, MiB': residentMiB(target.pid).toFixed(0),
    };
  }),
);

const held: Record<string, string>[] = [];
for (const { target } of results) {
  const { first, each, lostFrames } = await pacedStreams(target, STREAMS);
  held.push({
    target: target.name,
    'frames lost': String(lostFrames),
    'first chunk p50, p99, ms': `${percentile(first, 0.5).toFixed(1)}, ${percentile(first, 0.99).toFixed(1)}`,
    'each chunk p50, p99, ms': `${percentile(each, 0.5).toFixed(1)}, ${percentile(each, 0.99).toFixed(1)}`,
  });
  console.error(`${STREAMS} streams: ${target.name}`);
}
printTable(`${STREAMS} paced streams at once`, held);

for (const target of [...targets].reverse()) await target.stop();
await off.stop();
await on.stop();
