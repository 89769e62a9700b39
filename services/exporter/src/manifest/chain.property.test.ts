import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR_MS, isoTime } from '../hour.ts';
import { crashingStore, Killed } from '../testing/crashing-store.ts';
import { startFolder } from '../testing/export-fixture.ts';
import { Verification } from '../verify/verification.ts';
import { verifyChain, verifyHourPointer } from '../verify/verify-chain.ts';
import { Chain } from './chain.ts';
import { decodeManifest, encodeManifest, type Manifest } from './manifest.ts';

const BASE = Date.UTC(2026, 0, 1);

function manifestOf(
  chain: { sequence: number; previous: Manifest['previous'] },
  hour: number,
  revision: number,
): Manifest {
  const from = BASE + hour * HOUR_MS;
  return {
    manifest_version: 1,
    sequence: chain.sequence,
    dataset: 'requests',
    format: 'parquet',
    window: { from: isoTime(from), to: isoTime(from + HOUR_MS) },
    revision,
    reason: 'scheduled',
    snapshot: isoTime(from + 2 * HOUR_MS),
    sources: [{ table: 'requests', rows: 0, max_inserted_at: null }],
    schema_sha256: '0'.repeat(64),
    files: [],
    totals: { files: 0, bytes: 0, rows: 0, sum_cost_usd: '0', unpriced: 0 },
    watermark: null,
    published_at: isoTime(from + 2 * HOUR_MS),
    weir_version: '0',
    attempt: `${chain.sequence}-${hour}-${revision}`,
    state: { next_hour: null, late_checked_to: null },
    previous: chain.previous,
  };
}

/** Publishes an hour's next revision behind whatever is newest, however often it loses the race. */
async function publishNext(chain: Chain, hour: number): Promise<void> {
  for (;;) {
    const head = await chain.head();
    const revision = ((await chain.ofHour(BASE + hour * HOUR_MS))?.revision ?? 0) + 1;
    const previous = head === undefined ? null : { sequence: head.manifest.sequence, sha256: head.sha256 };
    const sequence = (head?.manifest.sequence ?? 0) + 1;
    if ((await chain.publish(manifestOf({ sequence, previous }, hour, revision))) !== undefined) return;
  }
}

const writer = fc.record({
  hours: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 3 }),
  dies: fc.option(fc.record({ at: fc.integer({ min: 1, max: 8 }), when: fc.constantFrom('before', 'after') })),
});

describe('I3 the chain of publications', () => {
  it('stays one unbroken line, whoever writes beside whom and wherever they die', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writer, { minLength: 1, maxLength: 4 }), async (writers) => {
        const folder = await startFolder();
        const { store } = folder.value;
        const runs = writers.map(async ({ hours, dies }) => {
          const own = dies === null ? store : crashingStore(store, dies.at, dies.when as 'before' | 'after');
          const chain = new Chain(own, 'requests');
          for (const hour of hours) await publishNext(chain, hour);
        });
        const results = await Promise.allSettled(runs);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Killed);
        }
        // The next one to look puts the readers' copies in place.
        const head = await new Chain(store, 'requests').head();
        const found = new Verification();
        const newest = await verifyChain(store, 'requests', found);
        for (const manifest of newest.values()) await verifyHourPointer(store, manifest, found);
        expect(found.problems).toEqual([]);
        const finished = writers.filter(({ dies }) => dies === null).reduce((sum, { hours }) => sum + hours.length, 0);
        const all = writers.reduce((sum, { hours }) => sum + hours.length, 0);
        expect(head?.manifest.sequence ?? 0).toBeGreaterThanOrEqual(finished);
        expect(head?.manifest.sequence ?? 0).toBeLessThanOrEqual(all);
        await folder.stop();
      }),
      { numRuns: 30 },
    );
  });

  it('is found without LATEST, and refuses one that names what is not there', async () => {
    const folder = await startFolder();
    const { store } = folder.value;
    for (const hour of [0, 1, 1]) await publishNext(new Chain(store, 'requests'), hour);
    await store.delete('v1/_manifests/requests/LATEST.json');
    expect((await new Chain(store, 'requests').head())?.manifest.sequence).toBe(3);
    expect(await store.get('v1/_manifests/requests/LATEST.json')).toBeDefined();
    await store.delete('v1/_manifests/requests/chain/000000000003.json');
    await expect(new Chain(store, 'requests').head()).rejects.toMatchObject({ code: 'EXPORT_MANIFEST_INVALID' });
    await folder.stop();
  });
});

describe('a manifest', () => {
  it('is read back as it was written, and anything else is refused by name', () => {
    const previous = { sequence: 4, sha256: 'a'.repeat(64) };
    const manifest = manifestOf({ sequence: 5, previous }, 3, 2);
    expect(decodeManifest(encodeManifest(manifest), 'k')).toEqual(manifest);
    const file = { key: 'x', bytes: 1, sha256: 'b'.repeat(64), rows: 1, min_ts: '', max_ts: '', sum_cost_usd: '1' };
    for (const change of [
      { manifest_version: 2 },
      { sequence: 0 },
      { revision: 1.5 },
      { previous: null },
      { snapshot: 'yesterday' },
      { files: [{ ...file, sha256: 'short' }] },
      { files: [{ ...file, sum_cost_usd: 0.1 }] },
      { totals: { ...manifest.totals, sum_cost_usd: '1e-7' } },
    ]) {
      const content = Buffer.from(JSON.stringify({ ...manifest, ...change }));
      expect(() => decodeManifest(content, 'the-key'), JSON.stringify(change)).toThrow(
        expect.objectContaining({ code: 'EXPORT_MANIFEST_INVALID', message: expect.stringContaining('the-key') }),
      );
    }
    expect(() => decodeManifest(Buffer.from('{'), 'k')).toThrow(/k: /);
  });
});
