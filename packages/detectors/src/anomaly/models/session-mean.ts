/**
 * Sizes within a session are alike: variance = between sessions + within. `predictNext` gives what is left to learn
 * from the next call of a session once `calls` of it are known, so that ten calls of one session are not ten witnesses.
 */
export interface NextCall {
  /** Predicted residual. */
  mean: number;
  variance: number;
  /** How much of a shift of all calls would show in this one. */
  gain: number;
}

export function predictNext(sessionSum: number, calls: number, between: number, within: number, into: NextCall): void {
  const trust = calls < 0.01 ? 0 : between / (between + within / calls);
  into.mean = calls < 0.01 ? 0 : (trust * sessionSum) / calls;
  into.variance = within + between * (1 - trust);
  into.gain = 1 - trust;
}
