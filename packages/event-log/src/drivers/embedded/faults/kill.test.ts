import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredRecord } from '../../../event-log.ts';
import { appendNumbered, tailAll, textOf } from '../../../testing/contract-fixture.ts';
import { openEmbeddedLog } from '../index.ts';
import { Killable } from './killable.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-kill-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function readEverything(topic: string): Promise<StoredRecord[]> {
  const log = openEmbeddedLog({ directory });
  try {
    const described = (await log.describe()).find((each) => each.name === topic);
    return await tailAll(log, topic, described?.records ?? 0, 5_000);
  } finally {
    await log.close();
  }
}

describe('kill -9 of appending processes', () => {
  it('keeps every acknowledged record exactly once and in order, with several writers at once', async () => {
    const log = openEmbeddedLog({ directory });
    // Segments of 260 KB, so that the writers seal some as well.
    await log.ensureTopics([{ name: 'requests', partitions: 24, maxBytes: 50_000_000 }]);
    await log.close();

    const acknowledged = new Map<string, number>();
    for (let life = 0; life < 4; life += 1) {
      const names = ['a', 'b', 'c'].map((writer) => `${writer}${life}`);
      const writers = names.map((name) => new Killable('append-until-killed.ts', [directory, 'requests', name]));
      await Promise.all(writers.map((writer) => writer.printed(20)));
      // One after the other, at moments of no pattern, while the rest goes on appending.
      for (const [index, writer] of writers.entries()) {
        await pause(Math.random() * 60);
        await writer.kill();
        acknowledged.set(names[index] ?? '', Number(writer.lines().at(-1)));
      }
    }

    const stored = await readEverything('requests');
    expect(new Set(stored.map((each) => `${each.partition}/${each.offset}`)).size).toBe(stored.length);
    for (const [name, last] of acknowledged) {
      const numbers = stored.filter((each) => each.key === name).map((each) => Number(textOf(each).split(':')[1]));
      expect(numbers).toEqual(numbers.map((_, index) => index));
      expect(numbers.length).toBeGreaterThan(last);
    }
  }, 10_000);
});

describe('kill -9 of consuming processes', () => {
  it('redelivers from the committed offset: nothing is skipped, commits never go back', async () => {
    const log = openEmbeddedLog({ directory });
    await log.ensureTopics([{ name: 'requests', partitions: 2 }]);
    // More than the members can read before they are killed.
    for (const partition of [0, 1]) await appendNumbered(log, 'requests', 20_000, partition);

    const read = [new Set<number>(), new Set<number>()];
    const committed = [0, 0];
    const generations = [0, 0];
    for (let life = 0; life < 4; life += 1) {
      const members = [0, 1].map(() => new Killable('consume-until-killed.ts', [directory, 'requests', 'group']));
      await Promise.all(members.map((member) => member.printed(6)));
      await pause(Math.random() * 50);
      await Promise.all(members.map((member) => member.kill()));
      const lines = members.flatMap((member) => member.lines()).map((line) => JSON.parse(line));
      for (const line of lines.filter((each) => each.assigned !== undefined)) {
        // What a killed member had committed, every later one starts from or after.
        expect(line.committed).toBeGreaterThanOrEqual(committed[line.partition] ?? 0);
        expect(line.assigned).toBeGreaterThan(generations[line.partition] ?? 0);
      }
      for (const line of lines) {
        for (const offset of line.read ?? []) read[line.partition]?.add(offset);
        const { partition } = line;
        committed[partition] = Math.max(committed[partition] ?? 0, line.commit ?? 0);
        generations[partition] = Math.max(generations[partition] ?? 0, line.assigned ?? 0);
      }
      const lag = await log.lag('group', 'requests');
      for (const { partition, committed: stored } of lag) {
        expect(stored ?? 0).toBeGreaterThanOrEqual(committed[partition] ?? 0);
        const skipped = Array.from({ length: stored ?? 0 }, (_, offset) => offset).filter(
          (offset) => !read[partition]?.has(offset),
        );
        expect(skipped).toEqual([]);
      }
    }
    expect(Math.min(...committed)).toBeGreaterThan(0);
    await log.close();
  }, 10_000);
});
