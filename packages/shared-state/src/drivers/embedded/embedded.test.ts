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

it('what another process counted is seen, and a cell that failed in the middle is read anew', async () => {
  const own = await tempDirectory();
  const [one, other] = [0, 1].map(() => openEmbeddedState({ directory: own.value, clock: systemClock }));
  if (one === undefined || other === undefined) throw new Error('not open');
  const meters = [0, 1, 2].map((index) => slidingMeter(`seen${index}`, 3_600_000));
  const take = (state: typeof one, index: number, amount: number) =>
    state.take([{ meter: meters[index] ?? fixedMeter('', 1), amount, limit: 1_000 }]);
  for (let count = 1; count <= 50; count += 1) {
    // In no order: runs of one, turns of both, and cells that only one of them knows.
    for (const index of [0, count % 3]) await take(count % 7 < 3 ? one : other, index, 1);
  }
  const totals = meters.map((_, index) => take(one, index, 0));
  expect(totals).toMatchObject([{ used: [66] }, { used: [17] }, { used: [17] }]);
  expect(meters.map((_, index) => take(other, index, 0))).toMatchObject([
    { used: [66] },
    { used: [17] },
    { used: [17] },
  ]);
  const broken = {
    meter: meters[0] ?? fixedMeter('', 1),
    atMs: 0,
    get amount(): number {
      throw new Error('broken');
    },
  };
  expect(() => one.adjust([{ meter: meters[1] ?? fixedMeter('', 1), amount: 5, atMs: Date.now() }, broken])).toThrow(
    'broken',
  );
  expect(meters.map((_, index) => take(one, index, 0))).toMatchObject([{ used: [66] }, { used: [17] }, { used: [17] }]);
  await one.close();
  await other.close();
  await own.stop();
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
