import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readSeal, writeSeal } from './seal.ts';

const offset = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const mark = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER });

it('I3 a seal survives its trip through commit metadata', () => {
  const fingerprint = fc.constantFrom('', '0011223344556677');
  fc.assert(
    fc.property(offset, fingerprint, mark, (end, print, highWater) => {
      const seal = { end, fingerprint: print, highWater };
      expect(readSeal(writeSeal(seal, 0))).toEqual({ seal, highWater });
      expect(readSeal(writeSeal(null, highWater))).toEqual({ seal: null, highWater });
    }),
  );
});

it('foreign metadata means nothing is sealed', () => {
  fc.assert(
    fc.property(fc.string(), (metadata) => {
      fc.pre(!metadata.startsWith('s1:'));
      expect(readSeal(metadata)).toEqual({ seal: null, highWater: -1 });
    }),
  );
});
