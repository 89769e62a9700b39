import { EVENTS } from '@weir/events';
import { WeirError } from '@weir/kernel';
import { LOADER_GROUPS, replayPartition } from '@weir/loader';
import type { Command, CommandInput } from './command.ts';
import { openExistingLog } from './subscribe.ts';

export const replay: Command = {
  name: 'replay',
  usage: '',
  summary: 'Make the loader go over the log again: rows that the ledger lacks come back, the rest is left out.',
  options: {
    from: { value: 'offset', help: 'first offset of each partition of weir.costs (default: the earliest kept)' },
  },
  examples: ['npm start -- replay', 'npm start -- replay --from 120000'],
  run: runReplay,
};

/** Longer than the lease of a member that died. */
const ASSIGNED_WITHIN_MS = 60_000;

async function runReplay(input: CommandInput): Promise<number> {
  const from = input.options['from'];
  const asked = from === undefined ? 0 : Number(from);
  if (!Number.isSafeInteger(asked) || asked < 0) {
    throw new WeirError('CLI_USAGE', `--from is "${String(from)}"`, { fix: 'Give an offset: a whole number.' });
  }
  const log = await openExistingLog(input.settings);
  const topic = EVENTS.cost.topic;
  try {
    const partitions = await log.lag(LOADER_GROUPS.requests, topic);
    const waiting = new Set(partitions.map(({ partition }) => partition));
    await new Promise<void>((resolve, reject) => {
      const tooLate = setTimeout(() => reject(held()), ASSIGNED_WITHIN_MS);
      const settle = (end: () => void): void => {
        clearTimeout(tooLate);
        end();
      };
      const subscribing = log.subscribe({
        group: LOADER_GROUPS.requests,
        topics: [topic],
        async onAssigned(assignment) {
          const earliest = partitions.find(({ partition }) => partition === assignment.partition)?.startOffset ?? 0;
          if (waiting.has(assignment.partition)) {
            const start = Math.max(asked, earliest);
            const offsets = await replayPartition(assignment, start);
            input.out(`${topic}/${assignment.partition}: from offset ${start}, ${offsets} to go over`);
            waiting.delete(assignment.partition);
          }
          if (waiting.size === 0) settle(resolve);
          await new Promise((ended) => assignment.signal.addEventListener('abort', ended, { once: true }));
        },
        onError: (error) => settle(() => reject(error)),
      });
      subscribing.catch((error: unknown) => settle(() => reject(error)));
    });
  } finally {
    await log.close();
  }
  input.out('The loader begins there when Weir starts.');
  return 0;
}

const held = (): WeirError =>
  new WeirError('CLI_ALREADY_RUNNING', 'the partitions are held by a loader that runs', {
    fix: 'Stop Weir (or every loader), run this again, then start it.',
  });
