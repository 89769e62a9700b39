import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendNumbered, assigned, tailAll, textOf } from '../../../testing/contract-fixture.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../index.ts';

/** After a restart of the machine no state file fits the new boot: the same as if there were none. */
function afterRestart(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !/\/state-\w+$/.test(path) });
}

function activeSegment(directory: string): string {
  const partition = join(directory, 'topics', 't', '0');
  const name = readdirSync(partition)
    .filter((each) => each.endsWith('.seg'))
    .sort()
    .at(-1);
  return join(partition, name ?? '');
}

let root: string;
let log: EmbeddedLog;
let restarted: EmbeddedLog | undefined;
const before = (): string => join(root, 'before');
const after = (): string => join(root, 'after');

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'weir-recovery-'));
  log = openEmbeddedLog({ directory: before(), fsyncIntervalMs: 3_600_000 });
  // Small segments, so that there are several.
  await log.ensureTopics([{ name: 't', partitions: 1, retentionBytes: 40_000 }]);
});
afterEach(async () => {
  await restarted?.close();
  restarted = undefined;
  await log.close();
  rmSync(root, { recursive: true });
});

async function appendFilled(count: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index += 1) {
    log.appendSync('t', [{ key: null, value: Buffer.from(`${index}:${'x'.repeat(500)}`) }]);
  }
}

function restart(): EmbeddedLog {
  restarted = openEmbeddedLog({ directory: after() });
  return restarted;
}

async function numbers(of: EmbeddedLog): Promise<number[]> {
  const [described] = await of.describe();
  const all = await tailAll(of, 't', described?.records ?? 0, 5_000);
  return all.map((stored) => Number(textOf(stored).split(':')[0]));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('restart of the machine', () => {
  it('finds every record of all segments, whether or not a checkpoint names them', async () => {
    await appendFilled(60);
    await log.flush();
    await appendFilled(60, 60);
    afterRestart(before(), after());
    expect(await numbers(restart())).toEqual(upTo(120));
  });

  it('finds them without any checkpoint', async () => {
    await appendFilled(60);
    afterRestart(before(), after());
    expect(await numbers(restart())).toEqual(upTo(60));
  });

  it.each([1, 7, 300, 530, 531, 2_000])(
    'keeps whole records only when the last %i bytes did not reach the disk',
    async (lost) => {
      await appendFilled(10);
      await log.flush();
      await appendFilled(10, 10);
      afterRestart(before(), after());
      const segment = activeSegment(after());
      truncateSync(segment, statSync(segment).size - lost);
      const found = await numbers(restart());
      expect(found).toEqual(upTo(found.length));
      expect(found.length).toBeGreaterThanOrEqual(10);
      expect(found.length).toBe(20 - Math.ceil(lost / (statSync(activeSegment(before())).size / 20)));
    },
  );

  it('stops before bytes that are no record, and writes over them', async () => {
    await appendFilled(10);
    afterRestart(before(), after());
    appendFileSync(activeSegment(after()), Buffer.alloc(5_000, 0xab));
    const again = restart();
    expect(await numbers(again)).toEqual(upTo(10));
    again.appendSync('t', [{ key: null, value: Buffer.from('10:after') }]);
    expect(await numbers(again)).toEqual(upTo(11));
  });

  it('never gives out an offset again that may have been read before', async () => {
    await appendNumbered(log, 't', 10);
    const group = await assigned({ ...NO_FIXTURE, log: () => log }, 't', 'group');
    await group.assignment.commit(10, 'sealed');
    await group.stop();
    await log.flush();
    afterRestart(before(), after());
    // The log lost its last records although the commit that covers them was kept.
    const segment = activeSegment(after());
    truncateSync(segment, 100);
    rmSync(join(after(), 'topics', 't', 'checkpoint.json'));
    const again = restart();
    const [position] = again.appendSync('t', [{ key: null, value: Buffer.from('new') }]);
    expect(position?.offset).toBeGreaterThan(1_000);
    const next = await assigned({ ...NO_FIXTURE, log: () => again }, 't', 'group');
    expect(next.assignment.committed).toEqual({ offset: 10, metadata: 'sealed' });
    expect(next.assignment.generation).toBeGreaterThan(group.assignment.generation);
    expect((await next.assignment.read({ maxRecords: 9, maxBytes: 1e6, waitMs: 1_000 })).map(textOf)).toEqual(['new']);
    await next.stop();
  });

  it('does not bring back what retention removed, and keeps its files until a checkpoint does without them', async () => {
    await appendFilled(200);
    await log.flush();
    const files = (): number => readdirSync(join(before(), 'topics', 't', '0')).length;
    const kept = files();
    await log.retain();
    const [{ startOffset } = { startOffset: 0 }] = await log.lag('nobody', 't');
    expect(startOffset).toBeGreaterThan(100);
    expect(files()).toBe(kept);
    await log.flush();
    expect(files()).toBeLessThan(kept);
    afterRestart(before(), after());
    expect((await numbers(restart()))[0]).toBe(startOffset);
  });

  it('keeps compacted segments', async () => {
    await log.ensureTopics([{ name: 't', partitions: 1, retentionBytes: 40_000_000, compact: true }]);
    for (let index = 0; index < 1_000; index += 1) {
      log.appendSync('t', [{ key: `key-${index % 3}`, value: Buffer.from(`${index}:${'x'.repeat(500)}`) }]);
    }
    await log.retain();
    await log.flush();
    const expected = await numbers(log);
    expect(expected.length).toBeLessThan(600);
    expect(expected.slice(-3)).toEqual([997, 998, 999]);
    afterRestart(before(), after());
    expect(await numbers(restart())).toEqual(expected);
  });
});

const NO_FIXTURE = {
  capabilities: { settleMs: 1_000, acceptsBytes: 0, refusesBytes: 0, byteLimit: true, knowsBytes: true },
  harness: (): never => {
    throw new Error('not part of this test');
  },
  topic: (): never => {
    throw new Error('not part of this test');
  },
};
