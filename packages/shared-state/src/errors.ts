/** Every code this package throws, with what it means and what to do. */
export const SHARED_STATE_ERRORS = {
  STATE_OPEN_FAILED: 'The file or server of the shared state cannot be opened. Check shared_state.url and permissions.',
  STATE_UNREACHABLE:
    'Redis, or the worker that holds the counters, did not answer in time. Check it; shared_state.when_unreachable decides.',
} as const;
