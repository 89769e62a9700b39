import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLineSum, createRowCounter } from './row-counter.ts';

/** Feeds bytes in any pieces. */
function feed(target: { add(chunk: Uint8Array): void }, content: Buffer, cuts: readonly number[]): void {
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(content.length, cut);
    if (end > at) target.add(content.subarray(at, end));
    at = Math.max(at, end);
  }
  if (at < content.length) target.add(content.subarray(at));
}

it('I4 counts lines and adds their money exactly, however the bytes arrive', () => {
  const row = fc.record({ usd: fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n })), text: fc.string() });
  fc.assert(
    fc.property(fc.array(row), fc.array(fc.nat(2_000)), (rows, cuts) => {
      const lines = rows.map(({ usd, text }) => {
        const decimal = usd === null ? null : `${usd / 10n ** 12n}.${(usd % 10n ** 12n).toString().padStart(12, '0')}`;
        return `${JSON.stringify({ usd: decimal, text })}\n`;
      });
      const content = Buffer.from(lines.join(''));
      const [counter, sum] = [createRowCounter('jsonl'), createLineSum('usd')];
      feed(counter, content, cuts);
      feed(sum, content, cuts);
      expect(counter.rows()).toBe(rows.length);
      const total = rows.reduce((all, { usd }) => all + (usd ?? 0n), 0n);
      const [whole, fraction = ''] = sum.sum().split('.');
      expect(BigInt(`${whole}${fraction.padEnd(12, '0')}`)).toBe(total);
    }),
  );
});

it('I3 never takes cut or foreign bytes for a whole file', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const counter = createRowCounter('parquet');
      counter.add(Buffer.concat([Buffer.from('PAR1'), bytes, Buffer.from('PAR')]));
      expect(counter.rows()).toBeUndefined();
      const foreign = createRowCounter('parquet');
      foreign.add(Buffer.concat([Buffer.from('PAR1'), bytes, Buffer.from([255, 255, 0, 0]), Buffer.from('PAR1')]));
      expect(foreign.rows()).toBeUndefined();
    }),
  );
  const open = createRowCounter('jsonl');
  open.add(Buffer.from('{"a":1}\n{"a":'));
  expect(open.rows()).toBeUndefined();
});
