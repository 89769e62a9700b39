import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Started } from '@weir/kernel';

/** Makes an empty directory under the system's temporary one; `stop()` removes it with all it holds. */
export async function tempDirectory(prefix = 'weir-'): Promise<Started<string>> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return { value: path, stop: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
