/**
 * Fuzzes every parser that sees bytes from outside: node bench/fuzz.ts [--minutes 3] [--seed 1] [--only "call targets"].
 * Prints each counterexample with the seed and path that bring it back; ends with 1 when there was one.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { BODY_TARGETS } from './fuzz/body-targets.ts';
import type { FuzzTarget } from './fuzz/fuzz-target.ts';
import { WIRE_TARGETS } from './fuzz/wire-targets.ts';

const RUNS_A_ROUND = 500;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const until = performance.now() + Number(values.minutes) * 60_000;
const targets = [...WIRE_TARGETS, ...BODY_TARGETS].filter(({ name }) => name === (values.only ?? name));
if (targets.length === 0 || Number.isNaN(seed) || Number.isNaN(until)) throw new Error('see the head of this file');

const runs = new Map<string, number>();
const failed = new Set<FuzzTarget>();
console.log(`fuzz: seed ${seed}, ${values.minutes} minutes, ${targets.length} parsers`);
for (let round = 0; performance.now() < until && failed.size < targets.length; round += 1) {
  for (const target of targets) {
    if (failed.has(target)) continue;
    const result = await fc.check(target.property, { seed: seed + round, numRuns: RUNS_A_ROUND });
    runs.set(target.name, (runs.get(target.name) ?? 0) + result.numRuns);
    if (!result.failed) continue;
    failed.add(target);
    console.log(`\n${target.name}: seed ${result.seed}, path ${result.counterexamplePath}`);
    console.log(fc.stringify(result.counterexample));
    console.log(String(result.errorInstance));
  }
}
for (const [name, count] of runs) console.log(`${name.padEnd(24)} ${String(count).padStart(9)} runs`);
console.log(failed.size === 0 ? 'no counterexample' : `${failed.size} parsers with a counterexample`);
process.exitCode = failed.size === 0 ? 0 : 1;
