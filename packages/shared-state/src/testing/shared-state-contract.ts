import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedMeter, type Meter, type SharedState, slidingMeter, type Verdict } from '../shared-state.ts';

export interface SharedStateHarness {
  readonly state: SharedState;
  /** The same counters, as another process opens them; undefined where there is no other. */
  another?(): SharedState;
  /** Lets time pass: held by the test, or really. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** What every driver of the shared state does. */
export function describeSharedState(name: string, open: () => Promise<SharedStateHarness>): void {
  let harness: SharedStateHarness;
  let number = 0;
  beforeEach(async () => {
    harness = await open();
    number += 1;
  });
  afterEach(() => harness.close());
  /** Long windows by default: a slow machine must not see one end. */
  const meter = (technique: 'fixed' | 'sliding', windowMs = 3_600_000, key = 'k'): Meter =>
    (technique === 'fixed' ? fixedMeter : slidingMeter)(`${name}-${number}-${process.pid}-${key}`, windowMs);
  const take = async (claimed: Meter, limit: number, amount = 1): Promise<Verdict> =>
    harness.state.take([{ meter: claimed, amount, limit }]);

  describe(`shared state: ${name}`, () => {
    it.each(['fixed', 'sliding'] as const)(
      '%s: grants up to the limit, then says how long to wait',
      async (technique) => {
        const claimed = meter(technique);
        for (let used = 1; used <= 3; used += 1)
          expect(await take(claimed, 3)).toMatchObject({ granted: true, used: [used] });
        const refused = await take(claimed, 3);
        expect(refused).toMatchObject({ granted: false, refused: 0, used: 3 });
        if (refused.granted) throw new Error('granted');
        expect(refused.waitMs).toBeGreaterThan(0);
        expect(refused.waitMs).toBeLessThanOrEqual(3_600_000 * (504 / 503));
      },
    );

    it('grants all claims or none', async () => {
      const [first, second] = [meter('fixed', 3_600_000, 'a'), meter('sliding', 3_600_000, 'b')];
      await take(second, 1);
      const both = [
        { meter: first, amount: 1, limit: 5 },
        { meter: second, amount: 1, limit: 1 },
      ];
      expect(await harness.state.take(both)).toMatchObject({ granted: false, refused: 1 });
      expect(await take(first, 5)).toMatchObject({ used: [1] });
    });

    it('is exact to one: of 1,000 that come at once, as many as the limit allows are granted', async () => {
      const states = [harness.state, harness.another?.() ?? harness.state];
      for (const technique of ['fixed', 'sliding'] as const) {
        const claimed = meter(technique);
        const verdicts = await Promise.all(
          Array.from({ length: 1_000 }, (_, index) =>
            states[index % 2]?.take([{ meter: claimed, amount: 1, limit: 137 }]),
          ),
        );
        expect(verdicts.filter((verdict) => verdict?.granted)).toHaveLength(137);
      }
      if (states[1] !== harness.state) await states[1]?.close();
    });

    it('a sliding window lets go of what is older than it, and of nothing sooner', async () => {
      const claimed = meter('sliding', 2_000);
      await take(claimed, 2);
      await harness.pass(1_200);
      await take(claimed, 2);
      expect(await take(claimed, 2)).toMatchObject({ granted: false });
      await harness.pass(900);
      expect(await take(claimed, 2)).toMatchObject({ granted: true, used: [2] });
      expect(await take(claimed, 2)).toMatchObject({ granted: false });
      await harness.pass(6_000);
      expect(await take(claimed, 2)).toMatchObject({ granted: true, used: [1] });
    });

    it('gives back, adds, and never holds less than nothing', async () => {
      const claimed = meter('sliding');
      const taken = await take(claimed, 100, 40);
      if (!taken.granted) throw new Error('refused');
      const change = (amount: number): void | Promise<void> =>
        harness.state.adjust([{ meter: claimed, amount, atMs: taken.atMs }]);
      await change(-15);
      expect(await take(claimed, 100, 0)).toMatchObject({ used: [25] });
      await change(70);
      expect(await take(claimed, 100, 6)).toMatchObject({ granted: false, used: 95 });
      await change(-1_000);
      expect(await take(claimed, 100, 0)).toMatchObject({ used: [0] });
    });

    it('counts a base beside the meter: what it holds, or at least what the caller knows', async () => {
      const [reserved, spent] = [
        meter('sliding', 3_600_000, 'r'),
        fixedMeter(`${name}-${number}-${process.pid}-s`, 2 ** 50),
      ];
      const claim = (amount: number, atLeast: number): Verdict | Promise<Verdict> =>
        harness.state.take([{ meter: reserved, amount, limit: 1_000, base: { meter: spent, atLeast } }]);
      expect(await claim(300, 500)).toMatchObject({ granted: true, used: [800] });
      await harness.state.adjust([{ meter: spent, amount: 600, atMs: Date.now() }]);
      expect(await claim(101, 500)).toMatchObject({ granted: false, used: 900 });
      expect(await claim(100, 500)).toMatchObject({ granted: true, used: [1_000] });
    });

    it('holds whole numbers up to 2^53', async () => {
      const claimed = meter('fixed');
      const large = Number.MAX_SAFE_INTEGER - 10;
      expect(await take(claimed, Number.MAX_SAFE_INTEGER, large)).toMatchObject({ used: [large] });
      expect(await take(claimed, Number.MAX_SAFE_INTEGER, 11)).toMatchObject({ granted: false });
      expect(await take(claimed, Number.MAX_SAFE_INTEGER, 10)).toMatchObject({ used: [Number.MAX_SAFE_INTEGER] });
    });
  });
}
