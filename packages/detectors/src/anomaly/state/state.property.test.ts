import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteNames } from './byte-names.ts';
import { DimensionIds } from './dimension-ids.ts';
import { KeyIndex } from './key-index.ts';
import { RecordTable } from './record-table.ts';

const pairs = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -1, max: 5_000 }));

describe('state in typed arrays', () => {
  it('the index is a map of pairs, through deletion, growth and a snapshot', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(pairs, fc.boolean()), { maxLength: 3_000 }), (steps) => {
        let index = new KeyIndex();
        const model = new Map<string, number>();
        for (const [[first, second], remove] of steps) {
          const name = `${first}/${second}`;
          const known = model.get(name);
          expect(index.find(first, second)).toBe(known ?? -1);
          if (remove && known !== undefined) {
            index.delete(known);
            model.delete(name);
          } else if (known === undefined) {
            const row = index.rowOf(first, second);
            expect([...model.values()]).not.toContain(row);
            model.set(name, row);
          }
        }
        const saved = index.save();
        index = new KeyIndex();
        index.load(saved);
        expect(index.size).toBe(model.size);
        for (const [name, row] of model) {
          const [first, second] = name.split('/').map(Number) as [number, number];
          expect(index.find(first, second)).toBe(row);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('a table keeps its rows when it grows and through a snapshot', () => {
    const table = new RecordTable(3);
    for (let row = 0; row < 2_000; row += 1) {
      table.reach(row);
      table.set(row, 1, row);
      table.add(row, 2, 2 * row);
    }
    const copy = new RecordTable(3);
    copy.load(table.save());
    for (let row = 0; row < 2_000; row += 1)
      expect([copy.get(row, 0), copy.get(row, 1), copy.get(row, 2)]).toEqual([0, row, 2 * row]);
  });

  it('a name has one number whether it comes as text or as bytes of JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 12 }), { maxLength: 300 }), (names) => {
        const ids = new DimensionIds();
        const bytes = new ByteNames(ids);
        for (const name of names) {
          const text = Buffer.from(JSON.stringify(name));
          expect(bytes.idOf(text, 1, text.length - 1)).toBe(ids.idOf(name));
          expect(ids.nameOf(ids.idOf(name))).toBe(name);
        }
      }),
    );
  });
});
