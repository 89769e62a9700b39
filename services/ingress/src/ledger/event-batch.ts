import type { LogRecord } from '@weir/event-log';
import type { EventCodec, RequestEvent } from '@weir/events';

/** What one batch holds at most; a larger event is written by itself. */
const BYTES_MAX = 256 * 1024;
const EVENTS_MAX = 128;

interface Batch<Entry> {
  /** Valid until the next `add`. */
  readonly records: readonly LogRecord[];
  readonly entries: readonly Entry[];
}

/** Events that are to be appended together, encoded one after the other into a buffer that is used again. */
export class EventBatch<Entry extends { readonly event: RequestEvent }> {
  readonly #codec: EventCodec<RequestEvent>;
  readonly #buffer = Buffer.allocUnsafeSlow(BYTES_MAX);
  #end = 0;
  #records: LogRecord[] = [];
  #entries: Entry[] = [];

  constructor(codec: EventCodec<RequestEvent>) {
    this.#codec = codec;
  }

  get count(): number {
    return this.#entries.length;
  }

  get isFull(): boolean {
    return this.#entries.length >= EVENTS_MAX;
  }

  /** False when it does not fit any more. @throws WeirError `EVENT_INVALID`. */
  add(entry: Entry): boolean {
    const { event } = entry;
    const start = this.#end;
    // Bodies are most of an event: without looking further, these cannot fit.
    if (start + event.request_head.length + event.response_head.length > BYTES_MAX) return false;
    const end = this.#codec.encodeInto(event, this.#buffer, start);
    if (end < 0) return false;
    this.#end = end;
    this.#records.push({ key: event.request_id, value: this.#buffer.subarray(start, end), timestampMs: event.ts });
    this.#entries.push(entry);
    return true;
  }

  /** Gives away what was added, and starts anew. */
  take(): Batch<Entry> {
    const batch = { records: this.#records, entries: this.#entries };
    this.#end = 0;
    this.#records = [];
    this.#entries = [];
    return batch;
  }
}
