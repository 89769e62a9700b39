import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteNames } from './byte-names.ts';
import { DimensionIds } from './dimension-ids.ts';
import { KeyIndex } from './key-index.ts';
import { nthSmallest } from './nth-smallest.ts';
import { PackedRows } from './packed-rows.ts';
import { RecordTable } from './record-table.ts';
import { TailSketch } from './tail-sketch.ts';

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

  it('packed rows are a map of pairs to what was written, through deletion, growth and a snapshot', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(pairs, fc.boolean()), { maxLength: 3_000 }), (steps) => {
        let table = new PackedRows(32);
        const model = new Map<string, number>();
        for (const [turn, [[first, second], remove]] of steps.entries()) {
          const name = `${first}/${second}`;
          const row = table.find(first, second);
          expect(row < 0 ? undefined : table.f64[row * table.doubles + 2]).toBe(model.get(name));
          if (remove && row >= 0) {
            table.delete(row);
            model.delete(name);
          } else {
            const own = table.rowOf(first, second);
            expect(table.fresh).toBe(row < 0);
            if (table.fresh) expect(table.f64[own * table.doubles + 2]).toBe(0);
            table.f64[own * table.doubles + 2] = turn;
            model.set(name, turn);
          }
          if (turn % 500 !== 499) continue;
          const saved = structuredClone(table.save());
          table = new PackedRows(32);
          table.load(saved);
        }
        expect(table.size).toBe(model.size);
      }),
      { numRuns: 30 },
    );
  });

  it('a sketch knows every key it was told of while it has room, and few others', () => {
    const sketch = new TailSketch(4_096);
    for (let key = 0; key < 1_000; key += 1) sketch.add(1, key, 1 + (key % 5));
    for (let key = 0; key < 1_000; key += 1) expect(sketch.amountOf(1, key)).toBeGreaterThan(key % 5);
    const strangers = Array.from({ length: 1_000 }, (_, key) => sketch.amountOf(2, key)).filter((amount) => amount > 0);
    expect(strangers.length).toBeLessThan(20);
    const copy = new TailSketch(4_096);
    copy.load(structuredClone(sketch.save()));
    copy.fade(0.5);
    expect(copy.amountOf(1, 4)).toBeCloseTo(sketch.amountOf(1, 4) / 2);
  });

  it('the nth smallest is the one at its place in order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), fc.nat(), (list, at) => {
        const sorted = [...list].sort((a, b) => a - b);
        const nth = at % list.length;
        expect(nthSmallest(Float64Array.from(list), nth) === sorted[nth]).toBe(true);
      }),
    );
  });

  it('I7 numbers of names that nobody holds are given again, later, and never while one is held', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.constantFrom('hold', 'letGo', 'pass')), { maxLength: 600 });
    fc.assert(
      fc.property(steps, (list) => {
        let ids = new DimensionIds({ namesMax: 40, reuseAfter: 5 });
        const bytes = new ByteNames(ids);
        const held = new Map<number, string[]>();
        for (const [turn, [name, what]] of list.entries()) {
          const text = Buffer.from(`n-${name}"`);
          const id = turn % 2 === 0 ? ids.idOf(`n-${name}`) : bytes.read(text, 0, text.length);
          const meant = ids.nameOf(id);
          expect(['(more)', `n-${name}`]).toContain(meant);
          const holds = held.get(id) ?? [];
          if (holds.length > 0) expect(holds[0]).toBe(meant);
          if (what === 'hold') {
            ids.hold(id);
            held.set(id, [...holds, meant]);
          } else if (what === 'letGo' && holds.length > 0) {
            ids.letGo(id);
            held.set(id, holds.slice(1));
          } else ids.pass(id);
          for (const [other, names] of held) if (names.length > 0) expect(ids.nameOf(other)).toBe(names[0]);
          expect(ids.size).toBeLessThanOrEqual(41);
        }
        const saved = structuredClone(ids.save());
        ids = new DimensionIds({ namesMax: 40, reuseAfter: 5 });
        ids.load(saved);
        for (const [id, names] of held) if (names.length > 0) expect(ids.idOf(names[0] as string)).toBe(id);
      }),
      { numRuns: 50 },
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
        const ids = new DimensionIds({ namesMax: 1_000, reuseAfter: 0 });
        const bytes = new ByteNames(ids);
        for (const name of names) {
          const text = Buffer.from(JSON.stringify(name));
          expect(bytes.read(text, 1, text.length)).toBe(ids.idOf(name));
          expect(bytes.end).toBe(text.length - 1);
          expect(ids.nameOf(ids.idOf(name))).toBe(name);
        }
      }),
    );
  });
});
