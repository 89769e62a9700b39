export type { ContractCapabilities, ContractDriver, ContractHarness } from './contract-driver.ts';
export { describeEventLogContract } from './event-log-contract.ts';
