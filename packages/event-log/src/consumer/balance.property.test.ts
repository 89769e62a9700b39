import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancePartitions } from './balance.ts';

const members = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 })
  .map((ids) => ids.map((id) => ({ id: String(id), topics: ['t', 'u'] })));
const partitions = fc
  .array(fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'gone'), { nil: null }), { maxLength: 40 })
  .map((owners) => owners.map((owner, index) => ({ topic: index % 3 === 0 ? 'u' : 't', partition: index, owner })));

const sizes = (ids: readonly string[], targets: readonly (string | null)[]): number[] =>
  ids.map((id) => targets.filter((target) => target === id).length);

describe('balancePartitions', () => {
  it('gives every partition to a live member, each about equal', () => {
    fc.assert(
      fc.property(members, partitions, (group, parts) => {
        const ids = group.map((member) => member.id);
        const targets = balancePartitions(group, parts);
        expect(targets.every((target) => target !== null && ids.includes(target))).toBe(true);
        const counts = sizes(ids, targets);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is settled by its own answer: applying it changes nothing more', () => {
    fc.assert(
      fc.property(members, partitions, (group, parts) => {
        const targets = balancePartitions(group, parts);
        const applied = parts.map((part, index) => ({ ...part, owner: targets[index] ?? null }));
        expect(balancePartitions(group, applied)).toEqual(targets);
      }),
    );
  });

  it('does not depend on the order in which members are listed', () => {
    fc.assert(
      fc.property(members, partitions, (group, parts) => {
        expect(balancePartitions([...group].reverse(), parts)).toEqual(balancePartitions(group, parts));
      }),
    );
  });

  it('leaves a partition without an owner when no member reads its topic', () => {
    expect(balancePartitions([{ id: 'a', topics: ['t'] }], [{ topic: 'x', partition: 0, owner: 'a' }])).toEqual([null]);
  });

  it('moves one partition of three when a second member joins', () => {
    const owned = [0, 1, 2].map((partition) => ({ topic: 't', partition, owner: 'a' }));
    const group = ['a', 'b'].map((id) => ({ id, topics: ['t'] }));
    expect(balancePartitions(group, owned).filter((target) => target === 'b')).toHaveLength(1);
  });
});
