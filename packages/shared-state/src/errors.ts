/** Every code this package throws, with what it means and what to do. */
export const SHARED_STATE_ERRORS = {
  STATE_OPEN_FAILED: 'The file or server of the shared state cannot be opened. Check shared_state.url and permissions.',
  STATE_UNREACHABLE: 'Redis did not answer in time. Check it and the network; shared_state.when_unreachable decides.',
} as const;
