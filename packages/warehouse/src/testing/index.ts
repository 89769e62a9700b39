export { ledgerTotals, type Totals } from './ledger-totals.ts';
export { type SampleCost, sampleCost } from './sample-cost.ts';
export {
  type ContractWarehouse,
  type CostEncoding,
  costBatch,
  describeWarehouseContract,
  sampleTotals,
} from './warehouse-contract.ts';
