/** One event of any framing: SSE event, JSON line, array element, AWS frame. */
export interface StreamEvent {
  /** SSE `event:`, AWS `:event-type` or `:exception-type`; '' when the framing names none. */
  readonly name: string;
  readonly data: string;
}

/** How to treat the ends of a text that is a piece of a stream. */
export interface PieceEnds {
  /** The piece starts in the middle of an event: skip to the next one. */
  readonly cutStart: boolean;
  /** The piece ends in the middle of an event: leave that out. */
  readonly cutEnd: boolean;
}

export const WHOLE: PieceEnds = { cutStart: false, cutEnd: false };
