import { errorCode, errorMessage, WeirError } from '@weir/kernel';

/** A WeirError for what the file system throws; what is not from the file system passes as it is. */
export function fileError(error: unknown, root: string): unknown {
  if (WeirError.is(error) || !(error instanceof Error) || !('syscall' in error)) return error;
  const code = errorCode(error);
  const message = `${root}: ${errorMessage(error)}`;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WeirError('STORE_DISK_FULL', message, { retriable: true, cause: error, fix: 'Free some space there.' });
  }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)) {
    return new WeirError('STORE_ACCESS_DENIED', message, {
      cause: error,
      fix: 'Make the folder writable for the user that Weir runs as, or name another one in export.url.',
    });
  }
  return new WeirError('STORE_FAILED', message, { retriable: true, cause: error });
}
