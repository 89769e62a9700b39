import { systemClock } from '@weir/kernel';
import { slidingMeter } from '../../../shared-state.ts';
import { openEmbeddedState } from '../index.ts';

/** Takes from one meter until it is killed, a hundred in a turn of the event loop; says so in the fourth turn. */
const [directory = ''] = process.argv.slice(2);
const state = openEmbeddedState({ directory, clock: systemClock });
const meter = slidingMeter('killed', 3_600_000);
for (let count = 0; ; count += 1) {
  await state.take([{ meter, amount: 1, limit: Number.MAX_SAFE_INTEGER }]);
  if (count === 300) process.stdout.write('taking\n');
  if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}
