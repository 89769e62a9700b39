import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@weir/kernel';
import { tempDirectory } from '@weir/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixedMeter, slidingMeter } from '../../shared-state.ts';
import { describeSharedState } from '../../testing/index.ts';
import { openEmbeddedState } from './index.ts';

let directory: Awaited<ReturnType<typeof tempDirectory>>;
beforeAll(async () => {
  directory = await tempDirectory();
});
afterAll(() => directory.stop());

describeSharedState('embedded', async () => {
  let now = Date.now();
  const clock = { now: () => now, monotonic: () => now };
  const open = () => openEmbeddedState({ directory: directory.value, clock });
  const state = open();
  const pass = async (ms: number): Promise<void> => {
    now += ms;
  };
  return { state, another: open, pass, close: () => state.close() };
});

it('I3 processes that are killed in the middle leave the counters whole and the others at work', async () => {
  const script = fileURLToPath(new URL('./testing/take-without-end.ts', import.meta.url));
  const state = openEmbeddedState({ directory: directory.value, clock: systemClock });
  const meter = slidingMeter('killed', 3_600_000);
  for (let round = 0; round < 4; round += 1) {
    const children = [0, 1].map(() =>
      spawn(process.execPath, [script, directory.value], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    const exits = children.map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(exits);
    const before = state.take([{ meter, amount: 0, limit: Number.MAX_SAFE_INTEGER }]);
    const after = state.take([{ meter, amount: 1, limit: Number.MAX_SAFE_INTEGER }]);
    if (before instanceof Promise || after instanceof Promise || !before.granted || !after.granted)
      throw new Error('waited');
    expect(before.used[0]).toBeGreaterThan(100);
    expect(after.used[0]).toBe((before.used[0] ?? 0) + 1);
  }
  await state.close();
});

it('I7 keeps as many meters as it has room for: what may go soonest goes', async () => {
  const own = await tempDirectory();
  const state = openEmbeddedState({ directory: own.value, clock: systemClock });
  for (let index = 0; index < 3_000; index += 1) {
    expect(state.take([{ meter: fixedMeter(`m${index}`, 3_600_000), amount: 1, limit: 1 }])).toMatchObject({
      granted: true,
    });
  }
  for (let index = 0; index < 3_000; index += 97) {
    expect(state.take([{ meter: fixedMeter(`m${index}`, 3_600_000), amount: 1, limit: 1 }])).toMatchObject({
      granted: false,
    });
  }
  await state.close();
  await own.stop();
});
