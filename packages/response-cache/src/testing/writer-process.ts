import { openFileCache } from '../drivers/file/index.ts';
import { sampleAnswer, sampleKey } from './sample-entry.ts';

/** Writes to the cache in the directory of its argument until it is killed: each body is one byte, repeated. */
const [directory = ''] = process.argv.slice(2);
const cache = openFileCache({ directory, limits: { bytesMax: 64 * 1024 * 1024, entriesMax: 1_000 } });
for (let turn = 0; ; turn += 1) {
  const body = Buffer.alloc(300_000 + turn, turn % 256);
  await cache.set(sampleKey({ name: String(turn % 8) }), sampleAnswer({ body }));
  if (turn === 0) process.stdout.write('ready\n');
}
