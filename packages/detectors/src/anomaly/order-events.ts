import { newEvent, type PricedEvent } from './priced-event.ts';
import type { Stored } from './state/stored.ts';

export interface EventOrderOptions<Event extends PricedEvent> {
  /** How far an event may come after one that is later than it; Infinity: `advanceTo` alone says when an event is due. */
  readonly latenessMs: number;
  /** More waiting events than this, and the oldest does not wait any longer. */
  readonly waitingMax: number;
  readonly deliver: (event: Event) => void;
}

interface SavedOrder<Event> {
  readonly waiting: readonly Event[];
  readonly latest: number;
  readonly delivered: number;
  readonly late: number;
}

/**
 * Puts events that come out of order back into it: each waits until the watermark (the latest time seen, less the
 * lateness) has passed it. One that is later still is delivered at once, as if it had happened when it came, and counted.
 */
export class EventOrder<Event extends PricedEvent = PricedEvent> implements Stored {
  readonly #options: EventOrderOptions<Event>;
  /** Waiting events by time from `#first` on; before that, spare ones. */
  #waiting: Event[] = [];
  #first = 0;
  #spare: Event[] = [];
  #latest = 0;
  #delivered = 0;
  #late = 0;

  constructor(options: EventOrderOptions<Event>) {
    this.#options = options;
  }

  /** Events that came after the watermark had passed them. */
  get late(): number {
    return this.#late;
  }

  /** The time that has been reached: what is earlier is late. */
  get reached(): number {
    return this.#delivered;
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** Copies the event. */
  push(event: Event): void {
    const { latenessMs, waitingMax, deliver } = this.#options;
    if (event.ts < this.#delivered) {
      this.#late += 1;
      deliver(this.#copy(event, this.#delivered));
      return;
    }
    if (latenessMs === 0) {
      this.#delivered = event.ts;
      deliver(event);
      return;
    }
    this.#latest = Math.max(this.#latest, event.ts);
    this.#insert(this.#copy(event, event.ts));
    this.#release(this.#latest - latenessMs, waitingMax);
  }

  /** Nothing earlier than `ts` is waited for any more. */
  advanceTo(ts: number): void {
    this.#release(ts, this.#options.waitingMax);
    this.#delivered = Math.max(this.#delivered, ts);
  }

  /** Nothing more comes. */
  flush(): void {
    this.#release(Number.POSITIVE_INFINITY, 0);
  }

  save(): SavedOrder<Event> {
    const waiting = this.#waiting.slice(this.#first).map((event) => ({ ...event }));
    return { waiting, latest: this.#latest, delivered: this.#delivered, late: this.#late };
  }

  load(saved: unknown): void {
    const { waiting, latest, delivered, late } = saved as SavedOrder<Event>;
    this.#waiting = waiting.map((event) => ({ ...event }));
    this.#first = 0;
    this.#latest = latest;
    this.#delivered = delivered;
    this.#late = late;
  }

  #copy = (event: Event, ts: number): Event => Object.assign(this.#spare.pop() ?? newEvent(), event, { ts });

  #insert(event: Event): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    waiting.push(event);
    for (; at > this.#first && isAfter(waiting[at - 1] as Event, event); at -= 1) {
      waiting[at] = waiting[at - 1] as Event;
    }
    waiting[at] = event;
  }

  #release(watermark: number, waitingMax: number): void {
    const waiting = this.#waiting;
    while (this.#first < waiting.length) {
      const event = waiting[this.#first] as Event;
      if (event.ts > watermark && waiting.length - this.#first <= waitingMax) break;
      this.#first += 1;
      this.#delivered = event.ts;
      this.#options.deliver(event);
      this.#spare.push(event);
    }
    if (this.#first * 2 < waiting.length) return;
    this.#waiting = waiting.slice(this.#first);
    this.#first = 0;
  }
}

const isAfter = (left: PricedEvent, right: PricedEvent): boolean =>
  left.ts > right.ts || (left.ts === right.ts && left.id > right.id);
