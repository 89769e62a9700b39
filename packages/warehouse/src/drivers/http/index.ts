export { type HttpWarehouseOptions, openHttpWarehouse } from './open-http-warehouse.ts';
