import type { Assignment, EventLog, SubscribeOptions } from '@weir/event-log';
import type { MemoryLog } from '@weir/event-log/drivers/memory';

/** Gives the log of a process that dies before or after one of its effects: its `fuse`-th step is its last. */
export function crashingLog(log: MemoryLog, fuse: number): EventLog & { readonly crashed: () => boolean } {
  let left = fuse;
  let dead = false;
  const step = (): void => {
    left -= 1;
    if (left === 0) {
      dead = true;
      log.abandon();
    }
    if (dead) throw new Error('the process is dead');
  };
  const watched = (assignment: Assignment): Assignment => ({
    topic: assignment.topic,
    partition: assignment.partition,
    generation: assignment.generation,
    signal: assignment.signal,
    committed: assignment.committed,
    read: (limits) => assignment.read(limits),
    seek: (offset) => assignment.seek(offset),
    pause: () => assignment.pause(),
    resume: () => assignment.resume(),
    endOffset: () => assignment.endOffset(),
    async commit(offset, metadata) {
      step();
      await assignment.commit(offset, metadata);
      step();
    },
  });
  return {
    crashed: () => dead,
    ensureTopics: (specs) => log.ensureTopics(specs),
    tail: (topic, options) => log.tail(topic, options),
    lag: (group, topic) => log.lag(group, topic),
    describe: () => log.describe(),
    close: () => log.close(),
    async append(topic, records) {
      step();
      const positions = await log.append(topic, records);
      step();
      return positions;
    },
    subscribe: (options: SubscribeOptions) =>
      log.subscribe({ ...options, onAssigned: (assignment) => options.onAssigned(watched(assignment)) }),
  };
}
