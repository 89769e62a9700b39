import { describe, expect, it } from 'vitest';
import { createGate } from './gate.ts';

describe('gate', () => {
  it('runs a bounded number at once, queues some, refuses the rest, and recovers (I7)', async () => {
    const gate = createGate({ active: 2, waiting: 2 });
    const signal = new AbortController().signal;
    const releases: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const task = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => releases.push(resolve));
      running -= 1;
    };
    const accepted = [1, 2, 3, 4].map(() => gate.run(signal, task));
    await expect(gate.run(signal, task)).rejects.toMatchObject({ code: 'CONSOLE_BUSY', retriable: true });
    for (let turn = 0; turn < 4; turn += 1) {
      releases[turn]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(accepted);
    expect(most).toBe(2);
    await expect(gate.run(signal, async () => 'free')).resolves.toBe('free');
  });

  it('skips a caller that left while waiting, and keeps its place free after a failure', async () => {
    const gate = createGate({ active: 1, waiting: 1 });
    const left = new AbortController();
    const failing = gate.run(new AbortController().signal, async () => {
      await Promise.resolve();
      throw new RangeError('failed');
    });
    let ran = false;
    const waiting = gate.run(left.signal, async () => {
      ran = true;
    });
    left.abort();
    await expect(failing).rejects.toThrow(RangeError);
    await expect(waiting).rejects.toMatchObject({ code: 'CONSOLE_BUSY' });
    expect(ran).toBe(false);
    await expect(gate.run(new AbortController().signal, async () => 1)).resolves.toBe(1);
  });
});
