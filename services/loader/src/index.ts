export { LOADER_ERRORS } from './errors.ts';
export { replayPartition } from './partition/replay-partition.ts';
export { type LoaderConfig, type LoaderDependencies, startLoader } from './service.ts';
export { LOADER_GROUPS } from './tables/table-loads.ts';
