export { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from './embedded-log.ts';
export { openBootDirectory } from './shared/boot-directory.ts';
export { ProcessLock } from './shared/process-lock.ts';
