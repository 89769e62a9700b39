/**
 * The gateway against a bare Fastify + undici pass-through, a usual Fastify proxy and a direct call, in one run. Short
 * rounds take turns, and what counts is the median of each round's ratio: a machine that slows down slows both alike.
 * On Linux the servers have a core of their own; load, provider and this script share another.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type SpawnedNode, spawnNode, tempDirectory } from '@weir/testkit';
import { canPin, cpuUs, pin, residentMiB } from './support/cpu.ts';
import { median, printTable } from './support/report.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const WARM_SECONDS = 5;
/** Short, so that a load which comes and goes on the machine meets all of a round alike. */
const SECONDS = { busy: 2, single: 1 } as const;
const CONNECTIONS = 64;
const STREAMS_A_ROUND = 2;
const CORE = { load: 0, servers: 1 } as const;
const directory = join(import.meta.dirname, 'ingress');

if (spawnSync('wrk', ['-v']).error !== undefined) {
  console.error('bench/ingress.ts needs wrk. Install it: apt-get install wrk, or brew install wrk.');
  process.exit(1);
}

interface Measured {
  readonly rps: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Processor time of the server for each request. */
  readonly cpuUs: number;
}

interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: SpawnedNode;
  readonly busy: Measured[];
  readonly single: Measured[];
  readonly delays: number[];
}

async function start(name: string, file: string, parameters: readonly string[], path: string): Promise<Target> {
  const spawned = spawnNode(join(directory, file), parameters);
  const [, port] = await spawned.ready(/ready (\d+)/, 30_000);
  pin(spawned.child.pid, file === 'upstream.ts' ? CORE.load : CORE.servers);
  return { name, url: `http://127.0.0.1:${port}${path}`, process: spawned, busy: [], single: [], delays: [] };
}

function wrk({ url, process: server }: Target, connections: number, seconds: number): Measured {
  const parameters = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(directory, 'chat.lua'), url];
  const before = cpuUs(server.child.pid);
  const output = execFileSync('wrk', parameters, { encoding: 'utf8' });
  const used = cpuUs(server.child.pid) - before;
  const [, requests, rps, p50, p99, errors] = /RESULT (\d+) (\S+) (\S+) (\S+) (\d+)/.exec(output) ?? [];
  if (rps === undefined || errors !== '0') throw new Error(`wrk on ${url}:\n${output}`);
  return { rps: Number(rps), p50Us: Number(p50), p99Us: Number(p99), cpuUs: used / Number(requests) };
}

/** Milliseconds from the provider's write of a chunk to its arrival here, for every chunk of some streams. */
async function chunkDelays({ url }: Target): Promise<number[]> {
  const delays: number[] = [];
  for (let count = 0; count < STREAMS_A_ROUND; count += 1) {
    const response = await fetch(url.replace('/chat/completions', '/stream'), {
      method: 'POST',
      body: '{"stream":true}',
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const arrivedAt = performance.timeOrigin + performance.now();
      for (const [, sentAt] of decoder.decode(chunk as Uint8Array).matchAll(/"sent":([\d.]+)/g))
        delays.push(arrivedAt - Number(sentAt));
    }
  }
  return delays;
}

pin(process.pid, CORE.load);
const data = await tempDirectory();
const upstream = await start('direct', 'upstream.ts', [], '/v1/chat/completions');
const origin = new URL(upstream.url).origin;
const bare = await start('bare Fastify + undici dispatch', 'bare-proxy.ts', [origin], '/v1/chat/completions');
const usual = await start('Fastify + undici.request', 'request-proxy.ts', [origin], '/v1/chat/completions');
const weir = await start('Weir ingress', 'weir-ingress.ts', [origin, data.value], '/openai/v1/chat/completions');
// Weir beside the pass-through that it is compared with.
const targets = [upstream, usual, bare, weir];

for (const target of targets) wrk(target, CONNECTIONS, WARM_SECONDS);
/** Each measurement by itself, the targets one right after the other; each goes first as often as last. */
async function rounds(what: string, measure: (target: Target) => unknown): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const target of round % 2 === 0 ? targets : [...targets].reverse()) await measure(target);
    console.error(`${what}: round ${round} of ${ROUNDS}`);
  }
}
await rounds('most requests', (target) => target.busy.push(wrk(target, CONNECTIONS, SECONDS.busy)));
await rounds('one connection', (target) => target.single.push(wrk(target, 1, SECONDS.single)));
await rounds('streams', async (target) => target.delays.push(...(await chunkDelays(target))));

const of = (read: (round: number) => number): number =>
  median(Array.from({ length: ROUNDS }, (_, round) => read(round)));
const busy = (target: Target, round: number): Measured => target.busy[round] as Measured;
const single = (target: Target, round: number): Measured => target.single[round] as Measured;
const where = canPin ? 'servers on a core of their own, load and provider on another' : 'not pinned to cores';
printTable(
  `ingress (one process, 1 KB answers, ${CONNECTIONS} connections; medians of ${ROUNDS} interleaved rounds; ${where})`,
  targets.map((target) => ({
    target: target.name,
    'requests/s': Math.round(of((round) => busy(target, round).rps)).toLocaleString('en'),
    '× bare': of((round) => busy(target, round).rps / busy(bare, round).rps).toFixed(2),
    'CPU a request, µs': of((round) => busy(target, round).cpuUs).toFixed(0),
    '× bare CPU': of((round) => busy(target, round).cpuUs / busy(bare, round).cpuUs).toFixed(2),
    'p50 at 1 conn, µs': of((round) => single(target, round).p50Us).toFixed(0),
    'p50 − bare, µs': of((round) => single(target, round).p50Us - single(bare, round).p50Us).toFixed(0),
    'p99 at 1 conn, µs': of((round) => single(target, round).p99Us).toFixed(0),
    'chunk delay p50, ms': median(target.delays).toFixed(2),
    'RSS, MiB': residentMiB(target.process.child.pid).toFixed(0),
  })),
);
for (const target of [...targets].reverse()) await target.process.stop();
await data.stop();
