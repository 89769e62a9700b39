import { openFileCache } from '../drivers/file/index.ts';
import { sampleAnswer, sampleKey } from './sample-entry.ts';

/** Small ones are written in place, large ones by threads. */
const BODY_BYTES = [900, 1_500, 40_000, 300_000] as const;

/** Writes to the cache in the directory of its argument until it is killed: each body is one byte, repeated. */
const [directory = ''] = process.argv.slice(2);
const cache = openFileCache({ directory, limits: { bytesMax: 64 * 1024 * 1024, entriesMax: 1_000 } });
for (let turn = 0; ; turn += 1) {
  const body = Buffer.alloc((BODY_BYTES[turn % BODY_BYTES.length] ?? 0) + (turn % 97), turn % 256);
  const headers = ['x-bytes', String(body.length)];
  await cache.set(sampleKey({ name: String(turn % 7) }), sampleAnswer({ headers, body }));
  if (turn === 0) process.stdout.write('ready\n');
}
