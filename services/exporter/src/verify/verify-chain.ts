import { errorMessage } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import type { DatasetName } from '../datasets/dataset.ts';
import { chainKey, chainPrefix, hourManifestKey, latestKey, sequenceFromKey } from '../manifest/layout.ts';
import { decodeManifest, encodeManifest, type Manifest, sha256Of } from '../manifest/manifest.ts';
import type { Verification } from './verification.ts';

/** The newest publication of each hour, by the start of the hour; finds every break of the chain on the way. */
export async function verifyChain(
  store: ObjectStore,
  dataset: DatasetName,
  found: Verification,
): Promise<ReadonlyMap<number, Manifest>> {
  const hours = new Map<number, Manifest>();
  let previous: { readonly sequence: number; readonly sha256: string } | null = null;
  for await (const { key } of store.list(chainPrefix(dataset))) {
    const content = (await store.get(key))?.content;
    const expected: number = (previous?.sequence ?? 0) + 1;
    if (content === undefined || sequenceFromKey(key) === undefined) {
      found.add('chain', dataset, key, 'is not a publication');
      continue;
    }
    const manifest = readLink(content, key, dataset, found);
    if (manifest === undefined) continue;
    if (sequenceFromKey(key) !== expected) found.add('chain', dataset, chainKey(dataset, expected), 'is missing');
    else if (manifest.sequence !== expected) found.add('chain', dataset, key, `says it is number ${manifest.sequence}`);
    else if ((manifest.previous?.sha256 ?? null) !== (previous?.sha256 ?? null)) {
      found.add(
        'chain',
        dataset,
        key,
        'names another hash than the publication before it has: one of them was changed',
      );
    }
    previous = { sequence: sequenceFromKey(key) ?? expected, sha256: sha256Of(content) };
    addRevision(hours, manifest, key, found);
  }
  if (previous !== null) await verifyPointer(store, dataset, previous, found);
  return hours;
}

function readLink(content: Uint8Array, key: string, dataset: DatasetName, found: Verification): Manifest | undefined {
  try {
    const manifest = decodeManifest(content, key);
    if (manifest.dataset === dataset) return manifest;
    found.add('chain', dataset, key, `is of the dataset ${manifest.dataset}`);
  } catch (error) {
    found.add('chain', dataset, key, errorMessage(error));
  }
  return undefined;
}

function addRevision(hours: Map<number, Manifest>, manifest: Manifest, key: string, found: Verification): void {
  const hour = Date.parse(manifest.window.from);
  const before = hours.get(hour)?.revision ?? 0;
  if (manifest.revision !== before + 1) {
    const text = `publishes revision ${manifest.revision} of ${manifest.window.from} after revision ${before}`;
    found.add('double', manifest.dataset, key, text);
  }
  hours.set(hour, manifest);
}

async function verifyPointer(
  store: ObjectStore,
  dataset: DatasetName,
  newest: { readonly sequence: number; readonly sha256: string },
  found: Verification,
): Promise<void> {
  const key = latestKey(dataset);
  const content = (await store.get(key))?.content;
  if (content === undefined) return found.add('pointer', dataset, key, 'is missing');
  const text = Buffer.from(content).toString();
  const { sequence, sha256 } = JSON.parse(text) as { sequence?: unknown; sha256?: unknown };
  if (sequence === newest.sequence && sha256 === newest.sha256) return;
  found.add('pointer', dataset, key, `names publication ${String(sequence)}, the newest is ${newest.sequence}`);
}

/** Readers see the newest revision of an hour, to the byte. */
export async function verifyHourPointer(store: ObjectStore, manifest: Manifest, found: Verification): Promise<void> {
  const key = hourManifestKey(manifest.dataset, Date.parse(manifest.window.from));
  const content = (await store.get(key))?.content;
  const same = content !== undefined && Buffer.compare(content, encodeManifest(manifest)) === 0;
  if (!same) found.add('pointer', manifest.dataset, key, content === undefined ? 'is missing' : 'is not the newest');
}
