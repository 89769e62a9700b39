/** Cuts a stream into buffers of `bytes`; the last one is shorter, and an empty stream gives one empty buffer. */
export async function* fixedParts(content: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Buffer> {
  let part = Buffer.allocUnsafe(bytes);
  let filled = 0;
  let given = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.byteLength; ) {
      const taken = chunk.subarray(at, at + bytes - filled);
      part.set(taken, filled);
      filled += taken.byteLength;
      at += taken.byteLength;
      if (filled < bytes) continue;
      yield part;
      given += 1;
      part = Buffer.allocUnsafe(bytes);
      filled = 0;
    }
  }
  if (filled > 0 || given === 0) yield part.subarray(0, filled);
}
