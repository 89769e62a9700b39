/** How far the loader is, by whoever knows the log. */
export interface Watermark {
  /**
   * A moment, ms since the epoch: everything that had been accepted and logged before it is in the warehouse.
   * Undefined while that is not known.
   */
  closedBefore(): Promise<number | undefined>;
}
