import { add, advance, type Ring, totalOf, waitMs } from './ring.ts';
import type { Change, Claim, Meter, Verdict } from './shared-state.ts';

/** Gives the ring of a meter, the same one for the same key until the step is over; `changes`: to count in it. */
export type RingOf = (meter: Meter, changes: boolean) => Ring;

/** `take` over rings: the same for every driver that has them in its hands. */
export function takeClaims(claims: readonly Claim[], ringOf: RingOf, nowMs: number): Verdict {
  const held = claims.map((claim) => heldBy(claim, ringOf, nowMs));
  const refused = claims.findIndex((claim, index) => (held[index] ?? 0) + claim.amount > claim.limit);
  const claim = claims[refused];
  if (claim !== undefined) {
    const used = held[refused] ?? 0;
    const needed = used + claim.amount - claim.limit;
    return { granted: false, refused, used, waitMs: waitMs(ringOf(claim.meter, false), claim.meter, needed, nowMs) };
  }
  for (const { meter, amount } of claims) {
    if (amount !== 0) add(ringOf(meter, true), meter, amount, nowMs);
  }
  return { granted: true, atMs: nowMs, used: claims.map((each) => heldBy(each, ringOf, nowMs)) };
}

/** `adjust` over rings. */
export function applyChanges(changes: readonly Change[], ringOf: RingOf, nowMs: number): void {
  for (const { meter, amount, atMs } of changes) {
    const ring = ringOf(meter, true);
    advance(ring, meter, nowMs);
    add(ring, meter, amount, atMs);
  }
}

function heldBy({ meter, base }: Claim, ringOf: RingOf, nowMs: number): number {
  const ring = ringOf(meter, false);
  advance(ring, meter, nowMs);
  if (base === undefined) return totalOf(ring);
  const other = ringOf(base.meter, false);
  advance(other, base.meter, nowMs);
  return totalOf(ring) + Math.max(totalOf(other), base.atLeast);
}
