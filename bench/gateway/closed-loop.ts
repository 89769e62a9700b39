import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cpuUs } from '../support/cpu.ts';
import type { Target } from './target.ts';

export interface Throughput {
  readonly rps: number;
  /** Processor time of the server for each request. */
  readonly cpuUs: number;
}

/** As many requests as the server answers, by wrk. @throws when one of them fails. */
export function closedLoop(target: Target, connections: number, seconds: number, promptBytes: number): Throughput {
  const headers = Object.entries(target.headers).map(([name, value]) => `${name}=${value}`);
  const script = join(import.meta.dirname, 'chat.lua');
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, target.url];
  const before = cpuUs(target.pid);
  const output = execFileSync('wrk', [...load, '--', String(promptBytes), ...headers], { encoding: 'utf8' });
  const used = cpuUs(target.pid) - before;
  const [, requests, rps, errors] = /RESULT (\d+) (\S+) (\d+)/.exec(output) ?? [];
  if (rps === undefined || errors !== '0') throw new Error(`wrk on ${target.name}:\n${output}`);
  return { rps: Number(rps), cpuUs: used / Number(requests) };
}
