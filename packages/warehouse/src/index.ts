export {
  type AuditWindow,
  compareRollups,
  DAY_MS,
  type PeriodSums,
  type RollupDrift,
} from './audit/compare-rollups.ts';
export { rebuildRollups } from './audit/rebuild-rollups.ts';
export { type OpenSeal, openSeals, type RollupSeal, writeSeal } from './audit/rollup-seals.ts';
export { WAREHOUSE_ERRORS } from './errors.ts';
export type { Deployment } from './migrations/render.ts';
export type { SqlEngine, SqlFacts, SqlStatement } from './sql-endpoint/sql-engine.ts';
export { type SqlEndpointOptions, startSqlEndpoint } from './sql-endpoint/start-sql-endpoint.ts';
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
