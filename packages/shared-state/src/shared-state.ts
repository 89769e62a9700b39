/** Steps of a sliding window: what was counted leaves it at most one step, 0.2 % of the window, late, and never early. */
export const SLIDING_SLOTS = 504;

/** A counter over a window of time, of whole numbers below 2^53. */
export interface Meter {
  /** Names it among all who share the state. */
  readonly key: string;
  readonly windowMs: number;
  /** 1: windows aligned to the clock. `SLIDING_SLOTS`: the trailing window. */
  readonly slots: number;
}

const KEPT_MS_MAX = 62 * 86_400_000;
/** How long after its last use a meter is kept. */
export const keptMs = ({ windowMs }: Meter): number => Math.min(windowMs * 2, KEPT_MS_MAX);

export const fixedMeter = (key: string, windowMs: number): Meter => ({ key, windowMs, slots: 1 });
export const slidingMeter = (key: string, windowMs: number): Meter => ({ key, windowMs, slots: SLIDING_SLOTS });

/** An amount that a meter must have room for. */
export interface Claim {
  readonly meter: Meter;
  readonly amount: number;
  readonly limit: number;
  /** Counts against the limit beside the meter: what it holds, or `atLeast` when that is more. */
  readonly base?: { readonly meter: Meter; readonly atLeast: number };
}

/** What became of claims: all are granted, or none. */
export type Verdict =
  | {
      readonly granted: true;
      /** When they were counted, ms: goes with later changes of them. */
      readonly atMs: number;
      /** What each meter holds now, with its base. */
      readonly used: readonly number[];
    }
  | {
      readonly granted: false;
      /** Index of the first claim that there is no room for. */
      readonly refused: number;
      readonly used: number;
      /** When there will be room for it, if nothing else is claimed, ms; at most the window. */
      readonly waitMs: number;
    };

/** A correction of what was claimed; a negative amount gives back. */
export interface Change {
  readonly meter: Meter;
  readonly amount: number;
  /** `atMs` of the claim, or the time of something new. */
  readonly atMs: number;
}

/** Counters that the processes of an installation share. A driver that needs no wait answers at once. */
export interface SharedState {
  /** Counts all claims, or none of them when one has no room: one step for all who share the state. */
  take(claims: readonly Claim[]): Verdict | Promise<Verdict>;
  /** Changes what was counted; what has left its window meanwhile is left alone. */
  adjust(changes: readonly Change[]): void | Promise<void>;
  close(): Promise<void>;
}
