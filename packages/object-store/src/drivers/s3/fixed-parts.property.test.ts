import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fixedParts } from './fixed-parts.ts';

it('cuts any stream into full parts and one rest, losing and changing nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 1, max: 25 }),
      async (chunks, size) => {
        async function* source(): AsyncGenerator<Uint8Array> {
          yield* chunks;
        }
        const parts: Buffer[] = [];
        for await (const part of fixedParts(source(), size)) parts.push(part);
        expect(Buffer.concat(parts).equals(Buffer.concat(chunks))).toBe(true);
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts.slice(0, -1)) expect(part.length).toBe(size);
        expect(parts.at(-1)?.length ?? 0).toBeLessThanOrEqual(size);
      },
    ),
  );
});
