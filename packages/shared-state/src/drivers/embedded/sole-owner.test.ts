import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@weir/kernel';
import { tempDirectory, waitFor } from '@weir/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { slidingMeter } from '../../shared-state.ts';
import { openEmbeddedState } from './index.ts';

let directory: Awaited<ReturnType<typeof tempDirectory>>;
beforeEach(async () => {
  directory = await tempDirectory();
});
afterEach(() => directory.stop());

const open = () => openEmbeddedState({ directory: directory.value, clock: systemClock });
/** That of the process below. */
const meter = slidingMeter('killed', 3_600_000);
const take = (state: ReturnType<typeof open>, amount = 1, limit = 1_000_000) => state.take([{ meter, amount, limit }]);

/** Files of the state, and the pid that the owner's names; 0 for none. */
function stateFiles(): { readonly names: string[]; readonly owner: number } {
  const [boot = ''] = readdirSync(directory.value);
  const folder = join(directory.value, boot);
  return {
    names: readdirSync(folder),
    owner: Number(readFileSync(join(folder, 'owner'), 'latin1').split(' ')[1] ?? 0),
  };
}
const owned = (pid: number) => waitFor(async () => stateFiles().owner === pid, { what: `${pid} to own the counters` });

it('a process that is alone counts in memory, gives it back to the next one, and both go on exactly', async () => {
  const first = open();
  await owned(process.pid);
  for (let count = 0; count < 5; count += 1) expect(take(first)).toMatchObject({ granted: true, used: [count + 1] });
  const second = open();
  const waited = take(second);
  expect(waited).toBeInstanceOf(Promise);
  expect(await waited).toMatchObject({ used: [6] });
  expect(take(first)).toMatchObject({ used: [7] });
  expect(take(second)).toMatchObject({ used: [8] });
  await first.close();
  await second.close();
  expect(stateFiles()).toMatchObject({ owner: 0, names: expect.not.arrayContaining([expect.stringMatching('sock')]) });
  const third = open();
  expect(take(third)).toMatchObject({ used: [9] });
  await owned(process.pid);
  expect(take(third)).toMatchObject({ used: [10] });
  await third.close();
});

it('is exact to one while the counters change hands: of 1,000 at once, as many as the limit allows are granted', async () => {
  const first = open();
  await owned(process.pid);
  const states = [first, open(), open()];
  const verdicts = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => take(states[index % 3] ?? first, 1, 137)),
  );
  expect(verdicts.filter(({ granted }) => granted)).toHaveLength(137);
  for (const state of states) await state.close();
});

it('I3 what an owner counted survives its being killed, and nobody waits for it', async () => {
  const script = fileURLToPath(new URL('./testing/take-without-end.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory.value], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await owned(child.pid ?? 0);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  const state = open();
  const verdict = take(state, 0);
  if (verdict instanceof Promise || !verdict.granted) throw new Error('waited');
  expect(verdict.used[0]).toBeGreaterThan(100);
  await owned(process.pid);
  expect(take(state)).toMatchObject({ used: [(verdict.used[0] ?? 0) + 1] });
  await state.close();
});
