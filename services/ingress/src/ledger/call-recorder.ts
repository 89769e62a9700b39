import type { LogRecord } from '@weir/event-log';
import { createCodec, EVENTS, type EventCodec, type Payload, type RequestEvent } from '@weir/events';
import { errorCode, errorMessage } from '@weir/kernel';
import type { IngressConfig } from '../config.ts';
import type { IngressMetrics } from '../ingress-metrics.ts';
import type { IngressDependencies } from '../ports.ts';
import type { Call, CallEnd } from './call-record.ts';
import { EventBatch } from './event-batch.ts';
import { exchangeFacts, requestEvent } from './request-event.ts';

const TOPIC = EVENTS.request.topic;
const RETRY_MS = 100;

/** An event that the log did not take; it waits in memory and its client waits with it. */
interface Waiting {
  readonly event: RequestEvent;
  /** Monotonic ms after which the client is let go without its end; the event waits on. */
  readonly releaseBy: number;
  release: Release | undefined;
}

/** Told once: true when the event is durable, false to cut the client. */
type Release = (durable: boolean) => void;

/** An event on its way to the log. */
interface Pending {
  readonly call: Call;
  readonly end: CallEnd;
  readonly event: RequestEvent;
  readonly release: Release;
}

/**
 * Writes one event per attempt to the log. The attempts that end in one turn of the event loop are appended together, at
 * the end of the turn: one lock and one write for all of them, and nobody waits for anything that is not ready.
 * What happens when the log fills up, in order:
 *  1. from `dropBodiesAtPressure` on, events carry facts instead of bodies (`payload: dropped`);
 *  2. events that are refused together are tried one by one; one that is refused alone, once more without bodies;
 *  3. then it waits in memory, is retried every 100 ms, and the end of its answer is held back: the client sees its
 *     response finish only when the event is durable. After `appendWaitMs` the client is cut off; the event waits on;
 *  4. while the log is full or an event waits, `accepting` is false and new calls are refused with 503. So at most
 *     `callsInFlightMax` events of a few KiB each can wait;
 *  5. on stop, what still waits is logged whole, as metering, and counted as lost.
 */
export class CallRecorder {
  readonly #config: IngressConfig;
  readonly #dependencies: IngressDependencies;
  readonly #metrics: IngressMetrics;
  readonly #codec: EventCodec<RequestEvent>;
  readonly #batch: EventBatch<Pending>;
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #dropping = false;
  #stopped = false;

  constructor(config: IngressConfig, dependencies: IngressDependencies, metrics: IngressMetrics) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#metrics = metrics;
    this.#codec = createCodec('request', dependencies.framing);
    this.#batch = new EventBatch(this.#codec);
  }

  /** False while a new call could not be recorded. */
  get accepting(): boolean {
    return this.#waiting.length === 0 && this.#dependencies.appender.pressure(TOPIC) < 1;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Calls `release(true)` when the event is durable, mostly at the end of this turn; `release(false)` to cut the client. */
  record(call: Call, end: CallEnd, release: Release): void {
    const payload = this.#payloadFor(call, end);
    const withBodies = payload === 'full' || payload === 'truncated';
    const event = withBodies
      ? requestEvent(call, end, payload, '', this.#dependencies.version)
      : this.#eventWithoutBodies(call, end, payload);
    this.#enqueue({ call, end, event, release });
  }

  /** Tries what waits until it is written or `deadline` (monotonic ms) has come; then logs and counts it. */
  async stop(deadline: number): Promise<void> {
    const { clock } = this.#dependencies;
    this.#flush();
    while (this.#waiting.length > 0 && clock.monotonic() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    clearTimeout(this.#timer);
    this.#stopped = true;
    for (const { event, release } of this.#waiting.splice(0)) {
      this.#reportLost(event, 'the log did not take it before the process stopped');
      release?.(false);
    }
  }

  #enqueue(pending: Pending): void {
    let added: boolean;
    try {
      added = this.#batch.add(pending);
      if (!added && this.#batch.count > 0) {
        this.#flush();
        added = this.#batch.add(pending);
      }
    } catch (error) {
      // Nothing could ever write it; the client must not suffer.
      this.#reportLost(pending.event, errorMessage(error));
      pending.release(true);
      return;
    }
    if (!added) this.#recordAlone(pending);
    else if (this.#batch.isFull || this.#stopped) this.#flush();
    else if (this.#batch.count === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const { records, entries } = this.#batch.take();
    if (records.length === 0) return;
    if (this.#appendRecords(records)) for (const { release } of entries) release(true);
    else for (const pending of entries) this.#recordAlone(pending);
  }

  /** Writes one event by itself, without its bodies if need be; else it waits. */
  #recordAlone({ call, end, event, release }: Pending): void {
    if (this.#append(event)) {
      release(true);
      return;
    }
    if (event.payload !== 'full' && event.payload !== 'truncated') {
      this.#wait(event, release);
      return;
    }
    const lean = this.#eventWithoutBodies(call, end, 'dropped');
    if (this.#append(lean)) release(true);
    else this.#wait(lean, release);
  }

  #eventWithoutBodies(call: Call, end: CallEnd, payload: Payload): RequestEvent {
    if (payload === 'dropped') this.#metrics.bodiesDropped.inc();
    return requestEvent(call, end, payload, this.#facts(call, end, payload), this.#dependencies.version);
  }

  #payloadFor(call: Call, end: CallEnd): Payload {
    if (!call.collectPayload) return 'off';
    const { appender } = this.#dependencies;
    this.#setDropping(appender.pressure(TOPIC) >= this.#config.dropBodiesAtPressure);
    if (this.#dropping) return 'dropped';
    return end.request.truncated || end.response.truncated ? 'truncated' : 'full';
  }

  #facts(call: Call, end: CallEnd, payload: Payload): string {
    try {
      return exchangeFacts(call, end, payload === 'dropped', this.#dependencies.readExchange);
    } catch (error) {
      // The row matters more than what is known of its bodies.
      const details = { requestId: call.id, error: errorMessage(error) };
      this.#dependencies.logger.error(details, 'reading the facts of a call failed');
      return '';
    }
  }

  /** False when the log refused it; an event that cannot be encoded is reported as lost and counts as written. */
  #append(event: RequestEvent): boolean {
    let value: Buffer;
    try {
      value = this.#codec.encodeReused(event);
    } catch (error) {
      this.#reportLost(event, errorMessage(error));
      return true;
    }
    return this.#appendRecords([{ key: event.request_id, value, timestampMs: event.ts }]);
  }

  /** False when the log refused them, all of them. */
  #appendRecords(records: readonly LogRecord[]): boolean {
    const started = this.#dependencies.clock.monotonic();
    try {
      this.#dependencies.appender.appendSync(TOPIC, records);
    } catch (error) {
      this.#metrics.appendFailures.inc({ code: errorCode(error) });
      return false;
    }
    this.#metrics.appendSeconds.observe((this.#dependencies.clock.monotonic() - started) / 1000);
    return true;
  }

  #wait(event: RequestEvent, release: Release): void {
    const { clock, logger } = this.#dependencies;
    if (this.#stopped) {
      this.#reportLost(event, 'the log refused it after the ingress had stopped');
      release(false);
      return;
    }
    logger.error(
      { requestId: event.request_id, waiting: this.#waiting.length + 1, code: 'INGRESS_LOG_FULL' },
      'the log refused an event: it waits in memory, its answer is held, new calls are refused',
    );
    this.#waiting.push({ event, release, releaseBy: clock.monotonic() + this.#config.appendWaitMs });
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS);
  }

  #retry(): void {
    this.#timer = undefined;
    const now = this.#dependencies.clock.monotonic();
    while (true) {
      const [first] = this.#waiting;
      if (first === undefined || !this.#append(first.event)) break;
      this.#waiting.shift();
      first.release?.(true);
    }
    for (const entry of this.#waiting) {
      if (entry.releaseBy > now) break;
      entry.release?.(false);
      entry.release = undefined;
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#retry(), RETRY_MS);
  }

  #setDropping(dropping: boolean): void {
    if (dropping === this.#dropping) return;
    this.#dropping = dropping;
    const details = { pressure: this.#dependencies.appender.pressure(TOPIC) };
    if (dropping) this.#dependencies.logger.warn(details, 'the log is nearly full: bodies are left out of events');
    else this.#dependencies.logger.info(details, 'the log has room again: bodies are kept');
  }

  #reportLost(event: RequestEvent, reason: string): void {
    this.#metrics.eventsLost.inc();
    const { request_head, request_tail, response_head, response_tail, ...metering } = event;
    const bodyBytes = request_head.length + request_tail.length + response_head.length + response_tail.length;
    const details = { code: 'INGRESS_EVENT_LOST', reason, event: metering, bodyBytes };
    this.#dependencies.logger.error(details, 'an event could not be written; this line is its only record');
  }
}
