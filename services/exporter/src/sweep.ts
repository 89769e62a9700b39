import type { ExportContext } from './hour/export-context.ts';
import type { Chain } from './manifest/chain.ts';
import { dataPrefix, hourOfKey, markerPrefix } from './manifest/layout.ts';

/**
 * Removes what no manifest names: files of attempts that died, and files that a revision replaced. Only hours with a
 * marker are looked at, and nothing younger than the grace is touched: it may be in the making, or being read.
 * Returns how many files went.
 */
export async function sweep(context: ExportContext, chain: Chain): Promise<number> {
  const { store, clock, graceMs } = context;
  const markers = new Map<number, { readonly keys: string[]; newest: number }>();
  for await (const { key, modifiedMs } of store.list(markerPrefix(chain.dataset))) {
    const hour = hourOfKey(key);
    if (hour === undefined) continue;
    const entry = markers.get(hour) ?? { keys: [], newest: 0 };
    entry.keys.push(key);
    entry.newest = Math.max(entry.newest, modifiedMs);
    markers.set(hour, entry);
  }
  let removed = 0;
  for (const [hour, { keys, newest }] of markers) {
    if (clock.now() - newest < graceMs) continue;
    // Before anything goes: what is published must be known, whoever published it.
    await chain.head();
    const swept = await sweepHour(context, chain, hour);
    removed += swept.removed;
    if (swept.clean) for (const key of keys) await store.delete(key);
  }
  return removed;
}

async function sweepHour({ store, clock, graceMs }: ExportContext, chain: Chain, hour: number) {
  const current = await chain.ofHour(hour);
  const named = new Set((current?.files ?? []).map(({ key }) => key));
  const replacedAt = current === undefined ? 0 : Date.parse(current.published_at);
  let [removed, clean] = [0, true];
  for await (const { key, modifiedMs } of store.list(dataPrefix(chain.dataset, hour))) {
    if (named.has(key)) continue;
    if (clock.now() - Math.max(modifiedMs, replacedAt) < graceMs) clean = false;
    else {
      await store.delete(key);
      removed += 1;
    }
  }
  return { removed, clean };
}
