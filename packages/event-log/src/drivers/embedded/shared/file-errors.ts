import { errorCode, WeirError } from '@weir/kernel';

/** The typed form of "no space left" (the disk's or a quota's); undefined for anything else. */
export function diskFull(error: unknown): WeirError | undefined {
  const code = errorCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new WeirError('LOG_DISK_FULL', 'no space is left for the log', { retriable: true, cause: error });
}

export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
