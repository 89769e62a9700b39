/**
 * The response cache in a directory: a look-up that finds nothing, one that finds an answer of 1 KB, and a store; processor
 * time of the calling thread and of the whole process. With --against DIR (the `packages/response-cache` of a worktree of
 * another version, installed) both in turns, and their ratio.
 *
 *   node bench/cache.ts [--rounds 7] [--against ../old/packages/response-cache]
 */
import { hash, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { CachedAnswer, CacheKey, CacheLimits, ResponseCache } from '@weir/response-cache';
import { openFileCache } from '@weir/response-cache/drivers/file';
import { tempDirectory } from '@weir/testkit';
import { median, printTable } from './support/report.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, against: { type: 'string' } } });
const ROUNDS = Number(values.rounds);
const CALLS = 4_000;
/** As many calls end in one turn of the event loop under load. */
const CALLS_A_TURN = 8;

type Open = (options: { readonly directory: string; readonly limits: CacheLimits }) => ResponseCache;
const drivers: { readonly name: string; readonly open: Open }[] = [{ name: 'this version', open: openFileCache }];
if (values.against !== undefined) {
  const other = await import(resolve(values.against, 'src/drivers/file/index.ts'));
  drivers.push({ name: 'the other', open: other.openFileCache });
}

const now = Date.now();
const answer: CachedAnswer = {
  headers: Array.from({ length: 12 }, (_, index) => [`x-header-${index}`, 'some value of a header']).flat(),
  body: randomBytes(1_024),
  requestId: '0192f0c1-0000-7000-8000-000000000000',
  usageAdded: false,
  storedAt: now,
  expiresAt: now + 3_600_000,
};
const keyOf = (round: number, index: number): CacheKey => ({
  account: 'default',
  gateway: 'default',
  name: hash('sha256', `${round} ${index}`, 'hex'),
  chosen: false,
});

interface Cost {
  readonly threadUs: number;
  readonly processUs: number;
}

async function costOf(keys: readonly CacheKey[], call: (key: CacheKey) => unknown): Promise<Cost> {
  const [thread, whole] = [process.threadCpuUsage(), process.cpuUsage()];
  for (let first = 0; first < keys.length; first += CALLS_A_TURN) {
    await Promise.all(keys.slice(first, first + CALLS_A_TURN).map(call));
    await new Promise(setImmediate);
  }
  const [threadUsed, wholeUsed] = [process.threadCpuUsage(thread), process.cpuUsage(whole)];
  return {
    threadUs: (threadUsed.user + threadUsed.system) / keys.length,
    processUs: (wholeUsed.user + wholeUsed.system) / keys.length,
  };
}

const STEPS = ['look-up, miss', 'store', 'look-up, hit'] as const;
const costs = new Map<string, Cost[]>();
const note = (step: string, driver: string, cost: Cost): void => {
  const known = costs.get(`${step} ${driver}`) ?? [];
  costs.set(`${step} ${driver}`, [...known, cost]);
};

for (let round = 0; round <= ROUNDS; round += 1) {
  for (const { name, open } of round % 2 === 0 ? drivers : [...drivers].reverse()) {
    const directory = await tempDirectory();
    const cache = open({ directory: directory.value, limits: { bytesMax: 1024 ** 3, entriesMax: 100_000 } });
    const keys = Array.from({ length: CALLS }, (_, index) => keyOf(round, index));
    const calls = [
      (key: CacheKey) => cache.get(key, now),
      (key: CacheKey) => cache.set(key, answer),
      (key: CacheKey) => cache.get(key, now),
    ];
    for (const [at, step] of STEPS.entries()) {
      const cost = await costOf(keys, calls[at] as (key: CacheKey) => unknown);
      // The first round warms up.
      if (round > 0) note(step, name, cost);
    }
    await cache.close();
    await directory.stop();
  }
}

const middle = (step: string, driver: string, read: (cost: Cost) => number): number =>
  median((costs.get(`${step} ${driver}`) ?? []).map(read));
const columns = (step: string, name: string): Record<string, string> => ({
  [`${name}: µs of the thread`]: middle(step, name, (cost) => cost.threadUs).toFixed(1),
  [`${name}: of the process`]: middle(step, name, (cost) => cost.processUs).toFixed(1),
});
printTable(
  `response cache in a directory, 1 KB answers (medians of ${ROUNDS} rounds in turns)`,
  STEPS.map((step) => ({
    step,
    ...Object.assign({}, ...drivers.map(({ name }) => columns(step, name))),
    ...(values.against === undefined
      ? {}
      : {
          ratio: (
            middle(step, 'this version', (cost) => cost.processUs) / middle(step, 'the other', (cost) => cost.processUs)
          ).toFixed(3),
        }),
  })),
);
