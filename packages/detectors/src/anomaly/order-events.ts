import { newEvent, type PricedEvent } from './priced-event.ts';

export interface EventOrderOptions {
  /** How far an event may come after one that is later than it. */
  readonly latenessMs: number;
  /** More waiting events than this, and the oldest does not wait any longer. */
  readonly waitingMax: number;
  readonly deliver: (event: PricedEvent) => void;
}

/**
 * Puts events that come out of order back into it: each waits until the watermark (the latest time seen, less the
 * lateness) has passed it. One that is later still is delivered at once, as if it had happened when it came, and counted.
 */
export class EventOrder {
  readonly #options: EventOrderOptions;
  /** Waiting events by time from `#first` on; before that, spare ones. */
  #waiting: PricedEvent[] = [];
  #first = 0;
  #spare: PricedEvent[] = [];
  #latest = 0;
  #delivered = 0;
  #late = 0;

  constructor(options: EventOrderOptions) {
    this.#options = options;
  }

  /** Events that came after the watermark had passed them. */
  get late(): number {
    return this.#late;
  }

  /** Copies the event. */
  push(event: PricedEvent): void {
    const { latenessMs, waitingMax, deliver } = this.#options;
    if (event.ts < this.#delivered) {
      this.#late += 1;
      deliver(Object.assign(this.#spare.pop() ?? newEvent(), event, { ts: this.#delivered }));
      return;
    }
    if (latenessMs === 0) {
      this.#delivered = event.ts;
      deliver(event);
      return;
    }
    this.#latest = Math.max(this.#latest, event.ts);
    this.#insert(Object.assign(this.#spare.pop() ?? newEvent(), event));
    this.#release(this.#latest - latenessMs, waitingMax);
  }

  /** Nothing more comes. */
  flush(): void {
    this.#release(Number.POSITIVE_INFINITY, 0);
  }

  #insert(event: PricedEvent): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    waiting.push(event);
    for (; at > this.#first && isAfter(waiting[at - 1] as PricedEvent, event); at -= 1) {
      waiting[at] = waiting[at - 1] as PricedEvent;
    }
    waiting[at] = event;
  }

  #release(watermark: number, waitingMax: number): void {
    const waiting = this.#waiting;
    while (this.#first < waiting.length) {
      const event = waiting[this.#first] as PricedEvent;
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
