import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_PROGRESS, readSeal, writeSeal } from './seal.ts';

const offset = fc.nat({ max: Number.MAX_SAFE_INTEGER - 100_000 });
const mark = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER });
const progress = fc.record({ highWater: mark, epoch: fc.nat({ max: 1_000 }), replayUntil: mark });

/** Rising offsets, some next to each other. */
const offsets = fc
  .tuple(offset, fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 50 })), { maxLength: 200 }))
  .map(([start, steps]) => {
    let at = start;
    return steps.map((step) => (at += step));
  });

it('I3 a seal survives its trip through commit metadata', () => {
  const seal = fc.record({
    end: offset,
    fingerprint: fc.constantFrom('', '0011223344556677'),
    sealedAtMs: fc.nat(),
    leftOut: offsets,
  });
  fc.assert(
    fc.property(seal, progress, (sealed, known) => {
      expect(readSeal(writeSeal(sealed, known))).toEqual({ seal: sealed, progress: known });
      expect(readSeal(writeSeal(null, known))).toEqual({ seal: null, progress: known });
    }),
  );
});

it('reads the seals of the first form', () => {
  const seal = { end: 7, fingerprint: '0a', sealedAtMs: 0, leftOut: [] };
  expect(readSeal('s1:7:0a:12')).toEqual({ seal, progress: { ...NO_PROGRESS, highWater: 12 } });
  expect(readSeal('s1:::12')).toEqual({ seal: null, progress: { ...NO_PROGRESS, highWater: 12 } });
});

it('foreign metadata means nothing is sealed', () => {
  fc.assert(
    fc.property(fc.string(), (metadata) => {
      fc.pre(!/^s[12]:/.test(metadata));
      expect(readSeal(metadata)).toEqual({ seal: null, progress: NO_PROGRESS });
    }),
  );
});
