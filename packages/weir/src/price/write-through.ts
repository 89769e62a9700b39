import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Writes and waits until the stream takes more, so that a slow reader never makes this process hold the output. */
export async function writeThrough(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
