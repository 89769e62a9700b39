import type { Clock } from '@weir/kernel';
import { type Ring, ringLength } from '../../ring.ts';
import type { Meter, SharedState } from '../../shared-state.ts';
import { applyChanges, takeClaims } from '../../take-claims.ts';

/** Meters kept; when there are more, those that were not used for longest go, and start anew. */
const METERS_MAX = 10_000;

/** For one process alone. */
export function openMemoryState({ clock }: { readonly clock: Clock }): SharedState {
  let young = new Map<string, Ring>();
  let old = new Map<string, Ring>();
  const ringOf = (meter: Meter): Ring => {
    const known = young.get(meter.key);
    if (known !== undefined) return known;
    const ring = old.get(meter.key) ?? new Float64Array(ringLength(meter));
    if (young.size >= METERS_MAX / 2) {
      old = young;
      young = new Map();
    }
    young.set(meter.key, ring);
    return ring;
  };
  return {
    take: (claims) => takeClaims(claims, ringOf, clock.now()),
    adjust: (changes) => applyChanges(changes, ringOf, clock.now()),
    close: async () => undefined,
  };
}
