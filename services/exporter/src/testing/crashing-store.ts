import type { ObjectStore, StoredObject } from '@weir/object-store';

/** What a killed process looks like from inside: every call fails from here on, and nothing is tidied up. */
export class Killed extends Error {}

/** A store whose owner dies at its n-th write or delete: before it has an effect, or after it but before it knows. */
export function crashingStore(store: ObjectStore, fuse: number, when: 'before' | 'after'): ObjectStore {
  let left = fuse;
  let dead = false;
  async function step<T>(work: () => Promise<T>): Promise<T> {
    if (dead) throw new Killed();
    left -= 1;
    dead = left === 0;
    if (!dead) return work();
    if (when === 'after') await work();
    throw new Killed();
  }
  const alive = <T>(work: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Killed()) : work());
  return {
    location: store.location,
    putStream: (key, content, options) => step((): Promise<StoredObject> => store.putStream(key, content, options)),
    put: (key, content, condition) => step(() => store.put(key, content, condition)),
    delete: (key) => step(() => store.delete(key)),
    removeLeftovers: (olderThanMs) => step(() => store.removeLeftovers(olderThanMs)),
    get: (key) => alive(() => store.get(key)),
    stream: (key) => store.stream(key),
    list: (prefix) => store.list(prefix),
    check: () => store.check(),
    close: () => store.close(),
  };
}
