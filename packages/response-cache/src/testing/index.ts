export { type ContractScene, describeResponseCacheContract } from './response-cache-contract.ts';
export { sampleAnswer, sampleKey } from './sample-entry.ts';
