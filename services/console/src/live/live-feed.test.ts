import { systemClock } from '@weir/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../query/ledger.ts';
import { listRow } from '../testing/list-row.ts';
import { createLiveFeed, type LiveFeed, type Viewer } from './live-feed.ts';

const LIMITS = { viewers: 3, pollers: 2, pollMs: 5, rows: 4 };

function recorder(): { readonly viewer: Viewer; readonly events: string[] } {
  const events: string[] = [];
  return {
    events,
    viewer: {
      rows: (rows) => events.push(...rows.map((row) => row.request_id)),
      gap: () => events.push('gap'),
      unavailable: () => events.push('unavailable'),
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('waited 5 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('live feed', () => {
  let feed: LiveFeed | undefined;
  afterEach(() => feed?.stop());

  function open(answer: () => readonly string[]): { readonly feed: LiveFeed; polls(): number } {
    let polls = 0;
    const ledger: Ledger = {
      async rows() {
        polls += 1;
        // Newest first, as the statement orders.
        return answer()
          .map((id) => listRow(id))
          .reverse();
      },
    };
    feed = createLiveFeed({ ledger, clock: systemClock, limits: LIMITS });
    return { feed, polls: () => polls };
  }

  it('sends each row once to every viewer, oldest first, from one poller per filter set', async () => {
    let rows = ['a', 'b'];
    const { feed, polls } = open(() => rows);
    const one = recorder();
    const two = recorder();
    feed.watch([], undefined, one.viewer);
    feed.watch([], undefined, two.viewer);
    await until(() => two.events.length === 2);
    rows = ['b', 'c'];
    await until(() => two.events.length === 3);
    const before = polls();
    await until(() => polls() > before + 3);
    expect(one.events).toEqual(['a', 'b', 'c']);
    expect(two.events).toEqual(['a', 'b', 'c']);
  });

  it('replays what a returning viewer missed, and says when it cannot tell', async () => {
    const { feed } = open(() => ['a', 'b', 'c']);
    const one = recorder();
    feed.watch([], undefined, one.viewer);
    await until(() => one.events.length === 3);
    const back = feed.watch([], 'a', recorder().viewer);
    expect(back.missed?.map((row) => row.request_id)).toEqual(['b', 'c']);
    back.leave();
    expect(feed.watch([], 'long-gone', recorder().viewer).missed).toBeUndefined();
  });

  it('tells of a gap when more rows arrive than it may send', async () => {
    const { feed } = open(() => ['a', 'b', 'c', 'd']);
    const one = recorder();
    feed.watch([], undefined, one.viewer);
    await until(() => one.events.includes('gap'));
    expect(one.events.slice(0, 5)).toEqual(['a', 'b', 'c', 'd', 'gap']);
  });

  it('bounds viewers and filter sets, and frees the place of one that left (I7)', () => {
    const { feed } = open(() => []);
    const watch = (model: string) => feed.watch([['model', [model]]], undefined, recorder().viewer);
    const first = watch('a');
    watch('b');
    expect(() => watch('c')).toThrowError(expect.objectContaining({ code: 'CONSOLE_BUSY' }));
    watch('b');
    expect(() => watch('b')).toThrowError(expect.objectContaining({ code: 'CONSOLE_BUSY' }));
    first.leave();
    expect(watch('c').missed).toEqual([]);
  });

  it('goes on after the warehouse failed, and stops asking when the last viewer left', async () => {
    let broken = true;
    const { feed, polls } = open(() => {
      if (broken) throw new Error('down');
      return ['a'];
    });
    const one = recorder();
    const { leave } = feed.watch([], undefined, one.viewer);
    await until(() => one.events.includes('unavailable'));
    broken = false;
    await until(() => one.events.includes('a'));
    leave();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const after = polls();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(polls()).toBe(after);
  });
});
