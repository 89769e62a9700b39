export { type ChdbWarehouse, type ChdbWarehouseOptions, openChdbWarehouse } from './open-chdb-warehouse.ts';
