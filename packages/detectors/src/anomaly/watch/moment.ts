import type { EventIds, PricedEvent } from '../priced-event.ts';
import type { Report } from './finding.ts';
import type { Streams } from './streams.ts';

/** An event with what the detector has already worked out about it. One object is used again and again. */
export interface Moment {
  event: PricedEvent;
  stream: number;
  user: number;
  /** Row of the user within the tenant, all streams together. */
  person: number;
  /** Probability that it continues a session of its user. */
  continued: number;
  /** The user is new to a tenant where new users are rare. */
  stranger: boolean;
  /** The user is in a burst: it says nothing about the stream. */
  hot: boolean;
}

export interface WatchDeps {
  readonly streams: Streams;
  readonly ids: EventIds;
  readonly report: Report;
}
