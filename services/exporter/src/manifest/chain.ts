import { errorMessage, WeirError } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import type { DatasetName } from '../datasets/dataset.ts';
import { chainKey, chainPrefix, hourManifestKey, latestKey, sequenceFromKey } from './layout.ts';
import { decodeManifest, encodeManifest, type Manifest, sha256Of } from './manifest.ts';

/** The newest publication of a dataset. */
export interface Head {
  readonly manifest: Manifest;
  readonly sha256: string;
}

/**
 * The publications of one dataset. Creating `chain/<n>.json`, which only one writer can, is the commit; everything a
 * reader needs besides (`manifest.json` of the hour, LATEST.json) is put in place after it, by this writer or, when it
 * dies in between, by the next one before it publishes anything.
 */
export class Chain {
  readonly dataset: DatasetName;
  readonly #store: ObjectStore;
  /** The head up to which the readers' copies are known to be in place. */
  #finished = 0;

  constructor(store: ObjectStore, dataset: DatasetName) {
    this.#store = store;
    this.dataset = dataset;
  }

  /** The newest publication, whoever made it, with the readers' copies in place; undefined when there is none. */
  async head(): Promise<Head | undefined> {
    const head = await this.#newest(await this.#startingPoint());
    if (head !== undefined) await this.#finish(head);
    return head;
  }

  /** What readers see of an hour. Call `head()` first: then nothing published is missing here. */
  async ofHour(hour: number): Promise<Manifest | undefined> {
    const key = hourManifestKey(this.dataset, hour);
    const found = await this.#store.get(key);
    return found === undefined ? undefined : decodeManifest(found.content, key);
  }

  /** One publication by its number. */
  async at(sequence: number): Promise<Head | undefined> {
    const key = chainKey(this.dataset, sequence);
    const found = await this.#store.get(key);
    if (found === undefined) return undefined;
    return { manifest: decodeManifest(found.content, key), sha256: sha256Of(found.content) };
  }

  /**
   * Commits a manifest under its sequence number. Undefined when somebody else has published under that number
   * meanwhile: read the head again and decide again.
   */
  async publish(manifest: Manifest): Promise<Head | undefined> {
    const content = encodeManifest(manifest);
    try {
      await this.#store.put(chainKey(this.dataset, manifest.sequence), content, 'absent');
    } catch (error) {
      if (WeirError.is(error) && error.code === 'STORE_CONFLICT') return undefined;
      throw error;
    }
    const head = { manifest, sha256: sha256Of(content) };
    await this.#finish(head);
    return head;
  }

  async #startingPoint(): Promise<number> {
    const key = latestKey(this.dataset);
    const found = await this.#store.get(key);
    if (found !== undefined) return latestSequence(found.content, key);
    // LATEST is a convenience: without it the chain itself tells.
    let last = 0;
    for await (const { key: entry } of this.#store.list(chainPrefix(this.dataset))) {
      last = Math.max(last, sequenceFromKey(entry) ?? 0);
    }
    return last;
  }

  async #newest(from: number): Promise<Head | undefined> {
    let newest = from === 0 ? undefined : await this.at(from);
    if (from > 0 && newest === undefined) {
      throw new WeirError('EXPORT_MANIFEST_INVALID', `${chainKey(this.dataset, from)} is missing, LATEST names it`, {
        fix: 'Restore the object, or export to another prefix.',
      });
    }
    for (let sequence = from + 1; ; sequence += 1) {
      const next = await this.at(sequence);
      if (next === undefined) return newest;
      newest = next;
    }
  }

  /** Puts the readers' copies of a publication in place, unless newer ones are. */
  async #finish({ manifest, sha256 }: Head): Promise<void> {
    const { sequence, published_at, revision, state, window } = manifest;
    if (sequence <= this.#finished) return;
    const hourKey = hourManifestKey(this.dataset, Date.parse(window.from));
    await this.#putNewer(hourKey, encodeManifest(manifest), sequence, (content) => {
      return decodeManifest(content, hourKey).sequence;
    });
    const { next_hour } = state;
    const key = chainKey(this.dataset, sequence);
    const latest = { sequence, key, sha256, dataset: this.dataset, window, revision, published_at, next_hour };
    const pointer = latestKey(this.dataset);
    await this.#putNewer(pointer, Buffer.from(`${JSON.stringify(latest, null, 1)}\n`), sequence, (content) => {
      return latestSequence(content, pointer);
    });
    this.#finished = sequence;
  }

  async #putNewer(key: string, content: Buffer, sequence: number, read: (content: Uint8Array) => number) {
    for (;;) {
      const found = await this.#store.get(key);
      if (found !== undefined && read(found.content) >= sequence) return;
      try {
        await this.#store.put(key, content, found === undefined ? 'absent' : { version: found.version });
        return;
      } catch (error) {
        if (!(WeirError.is(error) && error.code === 'STORE_CONFLICT')) throw error;
      }
    }
  }
}

function latestSequence(content: Uint8Array, key: string): number {
  let sequence: unknown;
  try {
    sequence = (JSON.parse(Buffer.from(content).toString()) as { sequence?: unknown }).sequence;
  } catch (error) {
    throw new WeirError('EXPORT_MANIFEST_INVALID', `${key}: ${errorMessage(error)}`, { fix: 'Delete it.' });
  }
  if (typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence > 0) return sequence;
  throw new WeirError('EXPORT_MANIFEST_INVALID', `${key}: sequence is no positive integer`, { fix: 'Delete it.' });
}
