export { openFileCache } from './open-file-cache.ts';
