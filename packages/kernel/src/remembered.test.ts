import fc from 'fast-check';
import { expect, it } from 'vitest';
import { remembered } from './remembered.ts';

it('answers as the function itself does, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 })), fc.integer({ min: 1, max: 4 }), (keys, limit) => {
      const lengthOf = remembered(limit, (key) => key.length, 2);
      for (const key of keys) expect(lengthOf(key)).toBe(key.length);
    }),
  );
});

it('computes a key in use once, and forgets the ones that are not', () => {
  const asked: string[] = [];
  const answer = remembered(2, (key) => {
    asked.push(key);
    return key;
  });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'd', 'a', 'e', 'a', 'b']) answer(key);
  expect(asked).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
});

it('does not keep a key that is too long', () => {
  let computed = 0;
  const answer = remembered(8, (key) => {
    computed += 1;
    return key;
  });
  const long = 'x'.repeat(600);
  answer(long);
  answer(long);
  expect(computed).toBe(2);
});
