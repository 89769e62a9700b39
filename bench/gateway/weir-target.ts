import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, spawnNode, waitFor } from '@weir/testkit';
import { childrenOf } from '../../test/support/running-weir.ts';
import { pin } from '../support/cpu.ts';
import { CORE, type Target } from './target.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const TOKEN = 'weir-bench-token';
const METADATA = { 'cf-aig-metadata': '{"feature":"bench","user":"u-1"}' };

/** What may stand between a call and its provider. Each is asked, and none is in the way. */
export const POLICIES = ['token', 'limit', 'budget', 'cache'] as const;
export type Policy = (typeof POLICIES)[number];

function sections(policies: readonly Policy[]) {
  const on = (policy: Policy): boolean => policies.includes(policy);
  const limit = { limit_requests: 1_000_000_000, window: 60, technique: 'sliding', per: ['token_id'] };
  return {
    gateways: {
      default: {
        ...(on('token') ? { authentication: true } : {}),
        ...(on('cache') ? { cache_ttl: 300 } : {}),
        ...(on('limit') ? { rate_limits: { each: limit } } : {}),
      },
    },
    ...(on('token')
      ? { tokens: { bench: { hash: `sha256:${createHash('sha256').update(TOKEN).digest('hex')}` } } }
      : {}),
    ...(on('budget')
      ? { budgets: { each: { per: ['user_id'], period: 'month', limit_usd: '900000', enforcement: 'hard' } } }
      : {}),
  };
}

/** `weir run ingress` with one worker, as a user would run it: capture and durable events are always on. */
export async function startWeir(
  name: string,
  origin: string,
  directory: string,
  policies: readonly Policy[],
  nodeArguments: readonly string[] = [],
): Promise<Target> {
  const port = await freePort();
  const file = join(directory, 'weir.yaml');
  const config = {
    ingress: { port, workers: 1 },
    log: { requests: { max_bytes: 32 * 1024 ** 3 } },
    logging: { level: 'warn' },
    observe: { port: await freePort() },
    providers: { openai: { base_url: `${origin}/v1` } },
    ...sections(policies),
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const env = nodeArguments.length === 0 ? {} : { NODE_OPTIONS: nodeArguments.join(' ') };
  const spawned = spawnNode(MAIN, ['run', 'ingress', '--config', file], { cwd: directory, env });
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { what: `${name} to be ready`, timeoutMs: 60_000 },
  );
  const [worker] = childrenOf(spawned.child.pid ?? 0);
  for (const pid of [spawned.child.pid, worker]) pin(pid, CORE.servers);
  return {
    name,
    url: `http://127.0.0.1:${port}/openai/v1/chat/completions`,
    headers: policies.includes('token') ? { ...METADATA, 'cf-aig-authorization': `Bearer ${TOKEN}` } : METADATA,
    pid: worker,
    stop: () => spawned.stop(),
  };
}
