export { type ContractStore, describeObjectStoreContract } from './object-store-contract.ts';
