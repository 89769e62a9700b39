/** Every code this package throws, with what it means and what to do. */
export const DETECTORS_ERRORS = {
  BUDGET_INVALID:
    'A budget of weir.yaml cannot be used. The message names the field and the value; the fix says what to write.',
  EVENT_LINE_INVALID: 'A line given to `weir backtest` is not a priced event. The message shows its beginning.',
} as const;
