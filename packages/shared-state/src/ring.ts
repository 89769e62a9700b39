import type { Meter } from './shared-state.ts';

/** A meter's numbers: index of the newest slot, total of all slots, then the slots. */
export type Ring = Float64Array;

const NEWEST = 0;
const TOTAL = 1;
const FIRST = 2;

export const ringLength = (meter: Meter): number => FIRST + meter.slots;

/** A trailing window spans one slot more than fills it, so that nothing leaves it early. */
const slotMs = ({ windowMs, slots }: Meter): number => (slots === 1 ? windowMs : windowMs / (slots - 1));

const at = (ring: Ring, index: number): number => ring[index] ?? 0;
const place = (meter: Meter, slot: number): number => FIRST + (slot % meter.slots);

/** Lets go of what has left the window; a clock that steps back changes nothing. */
export function advance(ring: Ring, meter: Meter, nowMs: number): void {
  const slot = Math.floor(nowMs / slotMs(meter));
  const newest = at(ring, NEWEST);
  if (slot <= newest) return;
  if (slot - newest >= meter.slots) ring.fill(0);
  else {
    for (let index = newest + 1; index <= slot; index += 1) {
      const left = place(meter, index);
      ring[TOTAL] = at(ring, TOTAL) - at(ring, left);
      ring[left] = 0;
    }
  }
  ring[NEWEST] = slot;
}

export const totalOf = (ring: Ring): number => at(ring, TOTAL);

/** Adds at a time; nothing when that has left the window. A slot never falls below 0. */
export function add(ring: Ring, meter: Meter, amount: number, atMs: number): void {
  const newest = at(ring, NEWEST);
  const slot = Math.min(newest, Math.floor(atMs / slotMs(meter)));
  if (newest - slot >= meter.slots) return;
  const index = place(meter, slot);
  const change = Math.max(amount, -at(ring, index));
  ring[index] = at(ring, index) + change;
  ring[TOTAL] = at(ring, TOTAL) + change;
}

/** How long until `needed` of what it holds has left the window, ms. */
export function waitMs(ring: Ring, meter: Meter, needed: number, nowMs: number): number {
  const newest = at(ring, NEWEST);
  const width = slotMs(meter);
  let freed = 0;
  for (let slot = newest - meter.slots + 1; slot <= newest; slot += 1) {
    if (slot < 0) continue;
    freed += at(ring, place(meter, slot));
    if (freed >= needed) return Math.max(1, Math.ceil((slot + meter.slots) * width - nowMs));
  }
  return meter.windowMs;
}
