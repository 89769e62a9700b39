import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcessLock } from './process-lock.ts';
import { SharedCell } from './shared-cell.ts';

let directory: string;
const path = (): string => join(directory, 'lock.mdb');
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('ProcessLock', () => {
  it('loses no update among processes, also while others open and close it', async () => {
    const script = fileURLToPath(new URL('../faults/count-under-lock.ts', import.meta.url));
    const times = [40_000, 5_000, 5_000, 5_000, 1_000, 1_000];
    const exits: Promise<unknown[]>[] = [];
    for (const count of times) {
      const child = spawn(process.execPath, [script, directory, String(count)], { stdio: 'inherit' });
      exits.push(once(child, 'close'));
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    for (const [code] of await Promise.all(exits)) expect(code).toBe(0);
    const cell = new SharedCell(join(directory, 'counter'));
    expect(cell.read()?.readDoubleLE(0)).toBe(times.reduce((sum, count) => sum + count, 0));
    cell.close();
  }, 10_000);

  it('gives back what the work returns, throws what it throws, and is free again', () => {
    const lock = new ProcessLock(path());
    expect(lock.run(() => 7)).toBe(7);
    expect(() =>
      lock.run(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(lock.run(() => 8)).toBe(8);
    lock.close();
  });

  it.each(['ENOSPC', 'EDQUOT'])('turns %s into a retriable LOG_DISK_FULL', (code) => {
    const lock = new ProcessLock(path());
    const work = (): never => {
      throw Object.assign(new Error('write failed'), { code });
    };
    expect(() => lock.run(work)).toThrow(expect.objectContaining({ code: 'LOG_DISK_FULL', retriable: true }));
    lock.close();
  });

  it('can be opened again in one process, and works until the last is closed', () => {
    const first = new ProcessLock(path());
    const second = new ProcessLock(path());
    first.close();
    first.close();
    expect(second.run(() => 1)).toBe(1);
    expect(() => first.run(() => 1)).toThrow(expect.objectContaining({ code: 'LOG_CLOSED' }));
    second.close();
    const third = new ProcessLock(path());
    expect(third.run(() => 2)).toBe(2);
    third.close();
  });

  it('refuses a path it cannot use', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => new ProcessLock(join(directory, 'file', 'lock.mdb'))).toThrow(
      expect.objectContaining({ code: 'LOG_OPEN_FAILED' }),
    );
    mkdirSync(path());
    expect(() => new ProcessLock(path())).toThrow(expect.objectContaining({ code: 'LOG_OPEN_FAILED' }));
  });
});
