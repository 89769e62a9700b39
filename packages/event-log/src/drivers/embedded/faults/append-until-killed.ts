import { writeSync } from 'node:fs';
import { openEmbeddedLog } from '../index.ts';

/**
 * Appends `<name>:<n>` records as fast as it can until it is killed, and prints each `n` once it is acknowledged.
 * Arguments: directory, topic, name.
 */
const [directory = '', topic = '', name = ''] = process.argv.slice(2);
const log = openEmbeddedLog({ directory, fsyncIntervalMs: 20 });
const filler = 'x'.repeat(200);

let next = 0;
function appendSome(): void {
  for (let left = 20; left > 0; left -= 1) {
    const batch = Array.from({ length: 1 + (next % 3) }, (_, index) => ({
      key: name,
      value: Buffer.from(`${name}:${next + index}:${filler}`),
    }));
    log.appendSync(topic, batch);
    next += batch.length;
    // Straight to the pipe: what was printed was acknowledged before, whenever the kill comes.
    writeSync(1, `${next - 1}\n`);
  }
  setImmediate(appendSome);
}
appendSome();
