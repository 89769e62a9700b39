export { SHARED_STATE_ERRORS } from './errors.ts';
export type { Change, Claim, Meter, SharedState, Verdict } from './shared-state.ts';
export { fixedMeter, slidingMeter } from './shared-state.ts';
