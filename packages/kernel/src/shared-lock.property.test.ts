import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SharedLock } from './shared-lock.ts';

it('never lets anyone beside who holds it alone, and everyone gets it', async () => {
  const turn = fc.record({ alone: fc.boolean(), ticks: fc.nat({ max: 3 }), delay: fc.nat({ max: 5 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 20 }), async (turns) => {
      const lock = new SharedLock();
      let inside = 0;
      let alone = 0;
      let done = 0;
      const tick = async (times: number): Promise<void> => {
        for (let count = 0; count < times; count += 1) await Promise.resolve();
      };
      await Promise.all(
        turns.map(async (each) => {
          await tick(each.delay);
          const work = async (): Promise<void> => {
            inside += 1;
            alone += each.alone ? 1 : 0;
            expect(alone === 0 || inside === 1).toBe(true);
            await tick(each.ticks);
            inside -= 1;
            alone -= each.alone ? 1 : 0;
            done += 1;
          };
          await (each.alone ? lock.exclusive(work) : lock.shared(work));
        }),
      );
      expect(done).toBe(turns.length);
    }),
  );
});
