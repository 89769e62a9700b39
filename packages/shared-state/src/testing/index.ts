export { describeSharedState, type SharedStateHarness } from './shared-state-contract.ts';
