/** Frames of a stream of the bench's provider, and the time between two. */
export const STREAM_FRAMES = 20;
export const FRAME_MS = 20;
