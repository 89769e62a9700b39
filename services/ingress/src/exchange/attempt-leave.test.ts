import { expect, it } from 'vitest';
import { AttemptLeave } from './attempt-leave.ts';

it('I3 what an attempt was given is settled once, whatever becomes of it, and each attempt by itself', () => {
  const settled: string[] = [];
  const given = (name: string) => ({
    headers: undefined,
    answerHeaders: ['name', name],
    settle: (end: unknown) => settled.push(`${name} ${end === undefined ? 'given back' : 'used'}`),
  });
  const leave = new AttemptLeave();
  leave.giveBack();
  leave.take(given('first'));
  leave.settle({} as never);
  expect(leave.answerHeaders).toEqual(['name', 'first']);
  leave.giveBack();
  expect(leave.answerHeaders).toEqual([]);
  leave.take(given('second'));
  leave.giveBack();
  leave.take(undefined);
  leave.settle({} as never);
  expect(settled).toEqual(['first used', 'second given back']);
});
