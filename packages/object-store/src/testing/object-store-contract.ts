import { createHash } from 'node:crypto';
import { sleep, WeirError } from '@weir/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListedObject, ObjectStore } from '../object-store.ts';

export interface ContractStore {
  readonly store: ObjectStore;
  /** Another process's view of the same place. */
  readonly other: ObjectStore;
  /** From this size a transfer has several parts. */
  readonly partBytes: number;
  release(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (content: Uint8Array | undefined): string => Buffer.from(content ?? []).toString();

/** Pseudo-random content in odd chunks; the same for the same size. */
async function* content(size: number): AsyncGenerator<Uint8Array> {
  let state = createHash('sha256').update(String(size)).digest();
  for (let left = size; left > 0; ) {
    state = createHash('sha256').update(state).digest();
    const chunk = Buffer.alloc(Math.min(left, 70_001), state);
    left -= chunk.length;
    yield chunk;
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listed(store: ObjectStore, prefix: string): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  for await (const object of store.list(prefix)) found.push(object);
  return found;
}

/** O1 to O3 of the port, for one driver. `open` gives an empty store. */
export function describeObjectStoreContract(name: string, open: () => Promise<ContractStore>): void {
  describe(`object store contract: ${name}`, () => {
    let opened: ContractStore;
    let store: ObjectStore;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened?.release());

    it('can be checked, and honours conditions', async () => {
      expect(await store.check()).toEqual({ conditionalWrites: true });
      expect(await listed(store, '')).toEqual([]);
    });

    it('O3 gives back what was streamed in, with its size and hash, at every size around a part', async () => {
      const { partBytes } = opened;
      for (const size of [0, 1, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes + 17]) {
        const whole = await collect(content(size));
        const stored = await store.putStream(`sizes/s-${size}.bin`, content(size));
        const sha256 = createHash('sha256').update(whole).digest('hex');
        expect(stored).toEqual({ key: `sizes/s-${size}.bin`, bytes: size, sha256 });
        expect((await collect(opened.other.stream(stored.key))).equals(whole)).toBe(true);
      }
    });

    it('O3 lists by prefix in the order of keys, across folders, with sizes', async () => {
      for (const key of ['l/dt=2026-01-02/b', 'l/dt=2026-01-01/a.x', 'l/dt=2026-01-01/a', 'l/dt=2026-01-01.z', 'm/q']) {
        await store.put(key, bytes(key), 'always');
      }
      const inL = ['l/dt=2026-01-01.z', 'l/dt=2026-01-01/a', 'l/dt=2026-01-01/a.x', 'l/dt=2026-01-02/b'];
      expect((await listed(store, 'l/')).map(({ key, bytes }) => [key, bytes])).toEqual(inL.map((k) => [k, k.length]));
      expect((await listed(store, 'l/dt=2026-01-01/')).map(({ key }) => key)).toEqual(inL.slice(1, 3));
      expect((await listed(store, 'l/dt=2026-01-0')).map(({ key }) => key)).toEqual(inL);
      expect(await listed(store, 'l/dt=2027')).toEqual([]);
      for (const { modifiedMs } of await listed(store, 'l/'))
        expect(Math.abs(Date.now() - modifiedMs)).toBeLessThan(60_000);
    });

    it('O3 replaces and deletes at once, for every reader', async () => {
      await store.put('r/one', bytes('1'), 'always');
      await store.put('r/one', bytes('2'), 'always');
      expect(textOf((await opened.other.get('r/one'))?.content)).toBe('2');
      await store.delete('r/one');
      await store.delete('r/one');
      expect(await opened.other.get('r/one')).toBeUndefined();
      await expect(collect(store.stream('r/one'))).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    });

    it('O2 lets one of many create an object, and one of many replace a version', async () => {
      const race = async (write: (writer: ObjectStore, text: string) => Promise<string>): Promise<string> => {
        const writers = Array.from({ length: 8 }, (_unused, index) => [index % 2 ? store : opened.other, `w${index}`]);
        const results = await Promise.allSettled(
          writers.map(([writer, text]) => write(writer as ObjectStore, text as string)),
        );
        const winners = results.flatMap((result, index) => (result.status === 'fulfilled' ? [`w${index}`] : []));
        const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
        expect(codes).toEqual(Array.from({ length: 7 }, () => 'STORE_CONFLICT'));
        return winners.join();
      };
      const first = await race((writer, text) => writer.put('c/new', bytes(text), 'absent'));
      const created = await store.get('c/new');
      expect(textOf(created?.content)).toBe(first);
      const version = created?.version ?? '';
      const second = await race((writer, text) => writer.put('c/new', bytes(`again ${text}`), { version }));
      expect(textOf((await store.get('c/new'))?.content)).toBe(`again ${second}`);
      const stale = store.put('c/new', bytes('late'), { version });
      await expect(stale).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      await store.delete('c/new');
      const gone = store.put('c/new', bytes('late'), { version });
      await expect(gone).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      expect(await store.get('c/new')).toBeUndefined();
    });

    it('O2 gives a version that the next condition can name', async () => {
      const one = await store.put('v/x', bytes('one'), 'absent');
      const two = await store.put('v/x', bytes('two'), { version: one });
      expect((await store.get('v/x'))?.version).toBe(two);
    });

    it('O1 shows nothing of a transfer whose source fails or that is cancelled, and leaves nothing behind', async () => {
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield* content(2 * opened.partBytes + 5);
        throw new WeirError('STORE_FAILED', 'the source broke');
      };
      await expect(store.putStream('broken/a', failing())).rejects.toMatchObject({ message: 'the source broke' });
      const cancel = new AbortController();
      const slow = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of content(3 * opened.partBytes)) {
          yield chunk;
          if (!cancel.signal.aborted) cancel.abort();
          await sleep(0);
        }
      };
      const cancelled = store.putStream('broken/b', slow(), { signal: cancel.signal });
      await expect(cancelled).rejects.toMatchObject({ code: 'STORE_CANCELLED' });
      expect(await listed(store, 'broken/')).toEqual([]);
      expect(await store.removeLeftovers(0)).toBe(0);
    });

    it('refuses keys that climb, hide or need escaping', async () => {
      for (const key of ['/a', 'a//b', '../a', 'a/../b', '.hidden', 'a/.b', 'a b', 'a/']) {
        await expect(listed(store, `${key}/`), key).rejects.toMatchObject({ code: 'STORE_KEY' });
      }
    });
  });
}
