export { openRedisCache } from './open-redis-cache.ts';
