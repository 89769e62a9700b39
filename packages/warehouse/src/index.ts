export type {
  AppliedMigration,
  AvroRows,
  ExecuteOptions,
  InsertBatch,
  InsertResult,
  InsertTable,
  JsonRows,
  QueryOptions,
  QueryParam,
  QueryResult,
  Warehouse,
} from './warehouse.ts';
