import { writeSync } from 'node:fs';
import { openKafkaLog } from '../kafka-log.ts';
import { quickly } from '../testing/quickly.ts';

/**
 * A group member that reads, then commits every 20 ms for as long as it is let; prints JSON lines: `{assigned}`,
 * `{committed}` or the `{code}` of a commit that failed. Arguments: broker, topic, group.
 */
const [broker = '', topic = '', group = ''] = process.argv.slice(2);
const log = openKafkaLog({ ...quickly, brokers: [broker], onError: () => {} });
const print = (line: object): unknown => writeSync(1, `${JSON.stringify(line)}\n`);

await log.subscribe({
  group,
  topics: [topic],
  onAssigned: async (assignment) => {
    print({ assigned: assignment.generation });
    for (;;) {
      try {
        await assignment.commit(1, 'held');
        print({ committed: 1 });
      } catch (error) {
        print({ code: (error as { code?: string }).code });
        return;
      }
      // A loop of its own, that looks at no signal: a process that was frozen does not know yet either.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
});
