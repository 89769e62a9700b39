/**
 * Where finished files go: a folder, or a bucket of any S3-compatible store.
 *
 * Guarantees every driver gives, proved by the contract suite in `testing/`:
 *  O1  An object is visible whole or not at all; a transfer that fails, is cancelled or killed leaves nothing visible.
 *  O2  Of several conditional writes of one object at most one succeeds; the others get `STORE_CONFLICT`.
 *  O3  What was written is read and listed by everyone at once, with the bytes and SHA-256 that `putStream` returned.
 *  O4  Memory of a transfer is bounded (part size × parallel parts), whatever the size of the object (I7).
 *  O5  Failures are typed and say what to do; passing ones are retried with jitter first; none shows a secret (I8).
 */
export interface ObjectStore {
  /** Where this is, for people; without credentials. */
  readonly location: string;
  /** Writes an object of any size. @throws WeirError `STORE_*`, or what `content` throws; then nothing is visible (O1). */
  putStream(key: string, content: AsyncIterable<Uint8Array>, options?: PutStreamOptions): Promise<StoredObject>;
  /** Writes a small object; resolves with its version. @throws WeirError `STORE_CONFLICT` when the condition fails. */
  put(key: string, content: Uint8Array, condition: PutCondition): Promise<string>;
  /** A small object (at most 64 MiB), or undefined when there is none. */
  get(key: string): Promise<SmallObject | undefined>;
  /** Reads an object of any size. @throws WeirError `STORE_NOT_FOUND`. */
  stream(key: string): AsyncIterable<Uint8Array>;
  /** Objects whose key starts with `prefix`, in the order of their keys' bytes. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** Removes an object; one that is not there is fine. */
  delete(key: string): Promise<void>;
  /** Ends what killed transfers left behind more than `olderThanMs` ago; returns how many. */
  removeLeftovers(olderThanMs: number): Promise<number>;
  /** Proves that the store can be listed and written. @throws WeirError that says what to do. */
  check(): Promise<StoreAbilities>;
  close(): Promise<void>;
}

export interface PutStreamOptions {
  readonly signal?: AbortSignal;
}

/** `absent`: only when there is no such object. `{ version }`: only when it is still that version. */
export type PutCondition = 'always' | 'absent' | { readonly version: string };

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface SmallObject {
  readonly content: Uint8Array;
  /** Changes with the content; for `PutCondition`. */
  readonly version: string;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface StoreAbilities {
  /** False for servers that ignore conditions: then only one writer is safe. */
  readonly conditionalWrites: boolean;
}

export const SMALL_OBJECT_BYTES = 64 * 1024 * 1024;
