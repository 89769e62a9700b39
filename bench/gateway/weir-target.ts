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

/** Authentication, a rate limit by token, a hard budget for each user, and the cache: all asked, none in the way. */
const EVERYTHING = {
  gateways: {
    default: {
      authentication: true,
      cache_ttl: 300,
      rate_limits: { each: { limit_requests: 1_000_000_000, window: 60, technique: 'sliding', per: ['token_id'] } },
    },
  },
  tokens: { bench: { hash: `sha256:${createHash('sha256').update(TOKEN).digest('hex')}` } },
  budgets: { each: { per: ['user_id'], period: 'month', limit_usd: '900000', enforcement: 'hard' } },
};

/** `weir run ingress` with one worker, as a user would run it: capture and durable events are always on. */
export async function startWeir(name: string, origin: string, directory: string, everything: boolean): Promise<Target> {
  const port = await freePort();
  const file = join(directory, 'weir.yaml');
  const config = {
    ingress: { port, workers: 1 },
    log: { requests: { max_bytes: 32 * 1024 ** 3 } },
    logging: { level: 'warn' },
    observe: { port: await freePort() },
    providers: { openai: { base_url: `${origin}/v1` } },
    ...(everything ? EVERYTHING : {}),
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const spawned = spawnNode(MAIN, ['run', 'ingress', '--config', file], { cwd: directory });
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
    headers: everything ? { ...METADATA, 'cf-aig-authorization': `Bearer ${TOKEN}` } : METADATA,
    pid: worker,
    stop: () => spawned.stop(),
  };
}
