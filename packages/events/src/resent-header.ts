/**
 * Header of a record that its writer may have appended before: after a crash, or after an append whose answer got lost.
 * Whoever handles a record may have handled the same request id under an earlier offset of the same partition.
 */
export const RESENT_HEADER = 'weir-resent';
