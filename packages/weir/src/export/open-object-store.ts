import { resolve } from 'node:path';
import { WeirError } from '@weir/kernel';
import { type ObjectStore, parseStoreUrl } from '@weir/object-store';
import { openFileStore } from '@weir/object-store/drivers/file';
import type { Settings } from '../settings.ts';

/** Opens the store that a URL names; relative folders are relative to `base`. @throws WeirError `STORE_URL`. */
export async function openObjectStore(url: string, base: string, { config }: Settings): Promise<ObjectStore> {
  const parsed = parseStoreUrl(url);
  if (parsed.kind === 'file') return openFileStore({ directory: resolve(base, parsed.directory) });
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = config.export;
  if ((accessKeyId === '') !== (secretAccessKey === '')) {
    throw new WeirError('STORE_URL', 'export.access_key_id and export.secret_access_key come together', {
      fix: 'Set both, or neither to use the environment’s AWS credentials.',
    });
  }
  // The SDK takes a third of a second to load: only who uses it waits for it.
  const { openS3Store } = await import('@weir/object-store/drivers/s3');
  const credentials = accessKeyId === '' ? undefined : { accessKeyId, secretAccessKey };
  const { part_bytes: partBytes, parallel_parts: parallelParts } = config.export;
  return openS3Store({ ...parsed, credentials, partBytes, parallelParts });
}
