import { createHash } from 'node:crypto';
import { errorMessage, WeirError } from '@weir/kernel';
import { openRedis, type RedisOptions } from '@weir/redis-client';
import type { Claim, SharedState, Verdict } from '../../shared-state.ts';
import { ADJUST, TAKE } from './scripts.ts';

/** All keys in one slot of a Redis cluster, since a script's keys must be. */
const PREFIX = '{weir}:';

/** For all replicas: each step is one script, so that nothing comes in between. */
export function openRedisState(options: RedisOptions): SharedState {
  const redis = openRedis(options);
  const run = scriptRunner((words) => redis.send<unknown>(words));
  return {
    take: async (claims) => verdictOf(await run(TAKE, claims.flatMap(keysOf), claims.flatMap(argumentsOf))),
    async adjust(changes) {
      const keys = changes.map(({ meter }) => PREFIX + meter.key);
      const words = changes.flatMap(({ meter, amount, atMs }) => [meter.windowMs, meter.slots, amount, atMs]);
      await run(ADJUST, keys, words.map(String));
    },
    async close() {
      redis.close();
    },
  };
}

type Run = (script: string, keys: readonly string[], words: readonly string[]) => Promise<unknown>;

function scriptRunner(send: (words: string[]) => Promise<unknown>): Run {
  const digests = new Map([TAKE, ADJUST].map((script) => [script, createHash('sha1').update(script).digest('hex')]));
  return async (script, keys, words) => {
    const rest = [String(keys.length), ...keys, ...words];
    try {
      try {
        return await send(['EVALSHA', digests.get(script) ?? '', ...rest]);
      } catch (error) {
        // A Redis that was started since, or another one, does not know the script yet.
        if (!errorMessage(error).startsWith('NOSCRIPT')) throw error;
        return await send(['EVAL', script, ...rest]);
      }
    } catch (cause) {
      throw new WeirError('STATE_UNREACHABLE', `Redis: ${errorMessage(cause)}`, { cause, retriable: true });
    }
  };
}

const keysOf = ({ meter, base }: Claim): string[] => [PREFIX + meter.key, PREFIX + (base ?? { meter }).meter.key];

function argumentsOf({ meter, amount, limit, base }: Claim): string[] {
  const own = [meter.windowMs, meter.slots, amount, limit];
  return [...own, base?.atLeast ?? 0, base?.meter.windowMs ?? 0, base?.meter.slots ?? 0].map(String);
}

function verdictOf(answer: unknown): Verdict {
  const [granted = 0, first = 0, ...rest] = (answer as readonly unknown[]).map(Number);
  if (granted === 1) return { granted: true, atMs: first, used: rest };
  const [used = 0, waitMs = 0] = rest;
  return { granted: false, refused: first, used, waitMs };
}
