import { join } from 'node:path';
import { ProcessLock } from '../shared/process-lock.ts';
import { SharedCell } from '../shared/shared-cell.ts';

/** Adds 1 to a shared counter, under the lock, many times. Arguments: directory, how often. */
const [directory = '', times = '0'] = process.argv.slice(2);
const lock = new ProcessLock(join(directory, 'lock.mdb'));
const cell = new SharedCell(join(directory, 'counter'));
const value = Buffer.alloc(8);

for (let left = Number(times); left > 0; left -= 1) {
  lock.run(() => {
    value.writeDoubleLE((cell.read()?.readDoubleLE(0) ?? 0) + 1);
    cell.write(value);
  });
}
lock.close();
