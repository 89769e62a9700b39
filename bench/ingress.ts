/**
 * The gateway against a direct call and against a bare Fastify + undici pass-through, in one run, interleaved:
 * most requests per second, latency at one connection, delay of the first stream chunk, memory.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SpawnedNode, spawnNode, tempDirectory } from '@weir/testkit';
import { median, printTable } from './support/report.ts';

const ROUNDS = 3;
const SECONDS = 6;
const CONNECTIONS = 64;
const directory = join(import.meta.dirname, 'ingress');

if (spawnSync('wrk', ['-v']).error !== undefined) {
  console.error('bench/ingress.ts needs wrk. Install it: apt-get install wrk, or brew install wrk.');
  process.exit(1);
}

interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: SpawnedNode;
}

async function start(name: string, file: string, parameters: readonly string[], path: string): Promise<Target> {
  const spawned = spawnNode(join(directory, file), parameters);
  const [, port] = await spawned.ready(/ready (\d+)/, 30_000);
  return { name, url: `http://127.0.0.1:${port}${path}`, process: spawned };
}

interface Measured {
  readonly rps: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

function wrk(url: string, connections: number): Measured {
  const parameters = ['-t1', `-c${connections}`, `-d${SECONDS}s`, '-s', join(directory, 'chat.lua'), url];
  const output = execFileSync('wrk', parameters, { encoding: 'utf8' });
  const [, rps, p50, p99, errors] = /RESULT (\S+) (\S+) (\S+) (\d+)/.exec(output) ?? [];
  if (rps === undefined || errors !== '0') throw new Error(`wrk on ${url}:\n${output}`);
  return { rps: Number(rps), p50Us: Number(p50), p99Us: Number(p99) };
}

/** Milliseconds from the provider's write of a chunk to its arrival here, for every chunk of some streams. */
async function chunkDelays(url: string): Promise<number[]> {
  const delays: number[] = [];
  for (let count = 0; count < 15; count += 1) {
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

function residentMiB(pid: number | undefined): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

const data = await tempDirectory();
const upstream = await start('direct', 'upstream.ts', [], '/v1/chat/completions');
const origin = new URL(upstream.url).origin;
const targets = [
  upstream,
  await start('bare Fastify + undici', 'bare-proxy.ts', [origin], '/v1/chat/completions'),
  await start('Weir ingress', 'weir-ingress.ts', [origin, data.value], '/openai/v1/chat/completions'),
];
const results = new Map(
  targets.map((target) => [target.name, { busy: [] as Measured[], single: [] as Measured[], delays: [] as number[] }]),
);
for (const target of targets) wrk(target.url, CONNECTIONS);
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const target of targets) {
    const result = results.get(target.name);
    result?.busy.push(wrk(target.url, CONNECTIONS));
    result?.single.push(wrk(target.url, 1));
    result?.delays.push(...(await chunkDelays(target.url)));
    console.error(`round ${round} of ${ROUNDS}: ${target.name}`);
  }
}

const bare = results.get('bare Fastify + undici');
const bareRps = median(bare?.busy.map(({ rps }) => rps) ?? []);
const bareP50 = median(bare?.single.map(({ p50Us }) => p50Us) ?? []);
printTable(
  `ingress (one process, 1 KB answers, ${CONNECTIONS} connections)`,
  targets.map(({ name, process: spawned }) => {
    const result = results.get(name);
    const rps = median(result?.busy.map((measured) => measured.rps) ?? []);
    const p50 = median(result?.single.map((measured) => measured.p50Us) ?? []);
    return {
      target: name,
      'requests/s': Math.round(rps).toLocaleString('en'),
      '× bare': (rps / bareRps).toFixed(2),
      'p50 at 1 conn, µs': p50.toFixed(0),
      'p50 − bare, µs': (p50 - bareP50).toFixed(0),
      'p99 at 1 conn, µs': median(result?.single.map((measured) => measured.p99Us) ?? []).toFixed(0),
      'chunk delay p50, ms': median(result?.delays ?? []).toFixed(2),
      'RSS, MiB': residentMiB(spawned.child.pid).toFixed(0),
    };
  }),
);
for (const target of [...targets].reverse()) await target.process.stop();
await data.stop();
