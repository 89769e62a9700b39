import { expect, it } from 'vitest';
import { createUuidV7, uuidV7Time } from './uuid-v7.ts';

it('makes ordered, unique version 7 ids that carry their time', () => {
  let now = 1_790_000_000_000;
  const next = createUuidV7(() => now);
  const ids: string[] = [];
  for (let index = 0; index < 20_000; index += 1) {
    if (index % 100 === 0) now += 1;
    ids.push(next());
  }
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(uuidV7Time(ids[0] ?? '')).toBe(1_790_000_000_001);
  expect(uuidV7Time('not-an-id')).toBeUndefined();
});

it('does not step back when the clock does', () => {
  let now = 2_000;
  const next = createUuidV7(() => now);
  const first = next();
  now = 1_000;
  expect(next() > first).toBe(true);
});
