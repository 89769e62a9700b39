import { writeSync } from 'node:fs';
import { openEmbeddedLog } from '../index.ts';

/**
 * A group member that reads a few records, prints them, commits, prints the commit, until it is killed.
 * Prints JSON lines: `{assigned, committed}`, `{read: [offset, …]}`, `{commit}`, each with its partition.
 * Arguments: directory, topic, group.
 */
const [directory = '', topic = '', group = ''] = process.argv.slice(2);
const log = openEmbeddedLog({ directory, leaseMs: 300 });
const print = (line: object): unknown => writeSync(1, `${JSON.stringify(line)}\n`);

await log.subscribe({
  group,
  topics: [topic],
  onAssigned: async (assignment) => {
    const { partition, generation } = assignment;
    print({ partition, assigned: generation, committed: assignment.committed?.offset ?? 0 });
    while (!assignment.signal.aborted) {
      const batch = await assignment.read({ maxRecords: 7, maxBytes: 100_000, waitMs: 100 });
      const last = batch.at(-1);
      if (last === undefined) continue;
      print({ partition, read: batch.map((stored) => stored.offset) });
      // Leaves a window between the read and the commit for the kill to fall into.
      await new Promise((resolve) => setTimeout(resolve, 1));
      await assignment.commit(last.offset + 1);
      print({ partition, commit: last.offset + 1 });
    }
  },
});
