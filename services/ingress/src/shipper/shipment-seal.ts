/** Text of the spool's commit metadata: records from the committed offset to `end` may be in the log already. */
export const writeShipmentSeal = (end: number): string => `w1:${end}`;

/** The last offset that may have been shipped, or -1. */
export function readShipmentSeal(metadata: string): number {
  const match = /^w1:(\d+)$/.exec(metadata);
  return match === null ? -1 : Number(match[1]);
}
