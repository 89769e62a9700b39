export { openRedis, type RedisOptions } from './open-redis.ts';
