export { openMemoryCache } from './open-memory-cache.ts';
