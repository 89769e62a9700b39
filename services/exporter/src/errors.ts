/** Every code this service throws, with what it means and what to do. */
export const EXPORTER_ERRORS = {
  EXPORT_MOVED: 'The ledger changed while an hour was read. Nothing was published; the hour is read again.',
  EXPORT_SHORT_FILE:
    'The warehouse sent a file with other rows than it counted. Nothing was published; the hour is exported again.',
  EXPORT_FILE_TOO_LARGE: 'A file passed export.file_bytes. The hour is exported again in more files.',
  EXPORT_STALLED: 'An attempt stood still so long that its files may have been swept. The hour is exported again.',
  EXPORT_SHRANK:
    'The ledger holds fewer rows of an hour than were exported: expired or deleted. The published files are kept.',
  EXPORT_MANIFEST_INVALID:
    'A manifest cannot be read: another program wrote it, or another version of Weir. The message names the key.',
  EXPORT_HOUR_OPEN: 'An hour is not over, or the loader has not caught up with it. Try later, or give an earlier --to.',
  EXPORT_WINDOW: 'A time is not a whole hour, or the window is empty. Write 2026-11-22T14 or 2026-11-22.',
  EXPORT_DATASET: 'No such dataset. The message lists them.',
} as const;
