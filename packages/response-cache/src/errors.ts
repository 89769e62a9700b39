/** Every code this package throws, with what it means and what to do. */
export const RESPONSE_CACHE_ERRORS = {
  CACHE_URL: 'A cache URL cannot be used. Write file:<directory>, memory: or redis://host:6379.',
  CACHE_CORRUPT:
    'A cached answer did not match its checksum, its key or its form. It was removed and counts as a miss; check the disk if it comes again.',
  CACHE_FAILED: 'The cache could not be read or written. The call went to the provider; see the message.',
} as const;
