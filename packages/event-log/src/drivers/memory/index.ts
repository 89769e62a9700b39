export { type MemoryLog, type MemoryLogOptions, openMemoryLog } from './memory-log.ts';
export { MemoryStorage } from './memory-storage.ts';
