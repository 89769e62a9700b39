import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyCapture } from './body-capture.ts';
import { CaptureBudget } from './capture-budget.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const budget = (bytes = Number.MAX_SAFE_INTEGER): CaptureBudget => new CaptureBudget(bytes);

/** Cuts bytes into chunks of the given sizes, over and over. */
function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('BodyCapture', () => {
  it('keeps head, tail, size and hash, however the body is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 4000 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 2500 }),
        fc.integer({ min: 1, max: 2500 }),
        (array, sizes, headBytes, tailBytes) => {
          const bytes = Buffer.from(array);
          const all = budget();
          const capture = new BodyCapture({ headBytes, tailBytes }, all);
          for (const chunk of cut(bytes, sizes)) capture.push(chunk);
          const captured = capture.finish();
          expect(captured.bytes).toBe(bytes.length);
          expect(captured.sha256).toBe(sha256(bytes));
          if (captured.truncated) {
            expect(captured.head).toEqual(bytes.subarray(0, headBytes));
            expect(captured.tail).toEqual(bytes.subarray(bytes.length - tailBytes));
            expect(bytes.length).toBeGreaterThan(headBytes + tailBytes);
          } else {
            expect(captured.head).toEqual(bytes);
            expect(captured.tail.length).toBe(0);
          }
          capture.release();
          expect(all.usedBytes).toBe(0);
          const given = new BodyCapture({ headBytes, tailBytes }, all);
          for (const chunk of cut(bytes, sizes)) given.push(chunk);
          expect(given.finish(bytes)).toEqual(captured);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('hashes bodies beyond the one-shot limit as they pass', () => {
    const bytes = randomBytes(300_000);
    const capture = new BodyCapture({ headBytes: 1_000_000, tailBytes: 1000 }, budget());
    for (const chunk of cut(bytes, [1, 7000, 100])) capture.push(chunk);
    const captured = capture.finish();
    expect(captured.head.equals(bytes)).toBe(true);
    expect(captured.sha256).toBe(sha256(bytes));
  });

  it('keeps a short tail when the budget is used up, and still size and hash', () => {
    const bytes = randomBytes(200_000);
    const small = budget(10_000);
    const capture = new BodyCapture({ headBytes: 1_000_000, tailBytes: 100_000 }, small);
    for (const chunk of cut(bytes, [20_000])) capture.push(chunk);
    const captured = capture.finish();
    expect(captured).toMatchObject({ truncated: true, bytes: 200_000, sha256: sha256(bytes) });
    expect(captured.head.length).toBe(0);
    expect(captured.tail.equals(bytes.subarray(200_000 - 32 * 1024))).toBe(true);
    expect(small.usedBytes).toBe(0);
  });

  it('uses no more than it holds of a body in many small chunks', () => {
    const all = budget();
    const capture = new BodyCapture({ headBytes: 50_000, tailBytes: 10_000 }, all);
    for (let turn = 0; turn < 100_000; turn += 1) capture.push(Buffer.from([turn]));
    expect(all.usedBytes).toBe(60_000);
    expect(capture.finish()).toMatchObject({ bytes: 100_000, truncated: true });
  });

  it('needs nothing for an empty body', () => {
    const captured = new BodyCapture({ headBytes: 10, tailBytes: 10 }, budget(0)).finish();
    expect(captured).toMatchObject({ bytes: 0, truncated: false, sha256: sha256(Buffer.alloc(0)) });
  });
});
