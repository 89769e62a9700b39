/**
 * Calls come in sessions: after each call the same user makes another one with probability `continuation`, after an
 * exponential gap of mean `gapMs`. So the arrivals of a user are a self-exciting point process in which an event has
 * at most one child, and what counts as evidence is a call that neither a new session nor a running one explains.
 */
export interface SessionShape {
  /** Probability that a call is followed by another of its session. */
  continuation: number;
  gapMs: number;
}

/** Result of a step; one object is used again and again. */
export interface SessionStep {
  /** Conditional intensity of this call just before it came, per ms. */
  intensity: number;
  /** Probability that it belongs to a running session. */
  continued: number;
  /** Expected children still to come, after it. */
  pending: number;
}

/** A call of a user, `gapMs` after the one before it; `pending` as it stood then; `startRate` new sessions per ms. */
export function stepSession(
  pending: number,
  gapMs: number,
  startRate: number,
  shape: SessionShape,
  into: SessionStep,
): void {
  const decay = Math.exp(-gapMs / shape.gapMs);
  // A child that has not come by now may never come: Bayes' rule on the survivor, for each running session.
  const survives = decay / (1 - shape.continuation * (1 - decay));
  const left = pending * survives;
  const hazard = left / shape.gapMs;
  into.intensity = startRate + hazard;
  into.continued = hazard / into.intensity;
  const ofOneSession = Math.min(left, shape.continuation * survives);
  into.pending = left - into.continued * ofOneSession + shape.continuation;
}

/** The likelihood ratio of "only a share of the calls gets through" against "all do", for the process of a stream. */
export interface ThinnedSessions {
  /** Share of the sessions of which at least one call is seen. */
  readonly startShare: number;
  readonly logStartShare: number;
  readonly logShare: number;
  /** Per ms of gap: a gap between seen calls is longer when calls between them are lost. */
  readonly gapSlope: number;
  /** Compensator: how many fewer children each seen call has. */
  readonly lostChildren: number;
}

/** Independent thinning of the session process: geometric sums of exponential gaps are exponential again. */
export function thinSessions({ continuation, gapMs }: SessionShape, share: number): ThinnedSessions {
  const lost = continuation * (1 - share);
  const startShare = share / (1 - lost);
  return {
    startShare,
    logStartShare: Math.log(startShare),
    logShare: Math.log(share),
    gapSlope: lost / gapMs,
    lostChildren: continuation - (continuation * share) / (1 - lost),
  };
}
