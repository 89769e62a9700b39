import {
  type AnomalyAlert,
  AnomalyDetector,
  DIMENSIONS,
  EventIds,
  EventOrder,
  newEvent,
  type PricedEvent,
  type Stored,
} from '@weir/detectors';
import type { AnomalyLogRecord } from './anomaly-log-codec.ts';
import { SampleIds } from './sample-ids.ts';
import type { Sighting } from './sighting.ts';

export interface DetectionOptions {
  /** How long an attempt is waited for after its time, ms. */
  readonly lateMs: number;
  readonly tenantClock: (tenant: string, ts: number) => number;
}

/** An alert, when it was found, and the request ids of its samples. */
export interface DetectedAlert {
  readonly alert: AnomalyAlert;
  /** Time of the log at which it was found. */
  readonly foundAt: number;
  readonly requestIds: readonly string[];
}

/** An event that waits: its names become the detector's numbers when it is due, since a number may be given to another name. */
interface SightedEvent extends PricedEvent {
  sighting: Sighting;
}

interface PlainState {
  /** Highest offset of each partition of weir.costs that has been seen. */
  marks: Map<number, number>;
  /** The newest time that each partition has told. */
  latest: Map<number, number>;
  partitions: number;
  /** Time that all partitions are past, and attempts are not waited for any more. */
  watermark: number;
  /** Of attempts, in the order of the log. */
  number: number;
  /** Time of the newest record of the log. */
  recordAt: number;
  /** The log had a gap, and its end has not been dealt with yet. */
  unwatched: boolean;
  ignored: number;
  /** What was learnt: offsets up to these, of attempts up to this time. */
  known: { readonly marks: ReadonlyMap<number, number>; readonly newest: number };
  /** Alerts of the past that were not told: their end is not told either. */
  untold: Set<string>;
  alerts: DetectedAlert[];
}

const HOUR_MS = 3_600_000;
/** An alert of the past that is younger, and not over, is news to whoever starts. */
const NEWS_MS = 15 * 60_000;
/** Attempts that wait for their turn, at most: 60 MB. */
const WAITING_MAX = 200_000;
/** What is later says nothing of now: a spool that was cut off for hours is no surge. */
const TOO_LATE_MS = HOUR_MS;
/** Nothing was written to the log for so long: nobody watched. */
const UNWATCHED_MS = 10 * 60_000;
const NAMES = [...DIMENSIONS, 'tariff'] as const;

/** The detector and all that goes with it, as a function of the records of weir.anomaly-log. */
export class Detection implements Stored {
  /** No event is between its reading and the detector. */
  readonly #ids = new EventIds({ waitingMax: 1 });
  readonly #options: DetectionOptions;
  readonly #detector: AnomalyDetector;
  readonly #order: EventOrder<SightedEvent>;
  readonly #samples = new SampleIds();
  #state: PlainState = {
    marks: new Map(),
    latest: new Map(),
    partitions: 1,
    watermark: 0,
    number: 0,
    recordAt: 0,
    unwatched: false,
    ignored: 0,
    known: { marks: new Map(), newest: 0 },
    untold: new Set(),
    alerts: [],
  };
  readonly #event = newEvent();

  constructor(options: DetectionOptions) {
    this.#options = options;
    this.#detector = new AnomalyDetector({
      ids: this.#ids,
      clockOffset: options.tenantClock,
      onAlert: (alert) => this.#keep(alert),
    });
    this.#order = new EventOrder<SightedEvent>({
      latenessMs: Number.POSITIVE_INFINITY,
      waitingMax: WAITING_MAX,
      deliver: (event) => this.#observe(event.sighting, event.ts),
    });
  }

  /** Everything in the record happens; `timestampMs` is its own. */
  take(record: AnomalyLogRecord, timestampMs: number): void {
    if (record.kind === 'snapshot') return;
    if (this.#state.recordAt > 0 && timestampMs - this.#state.recordAt > UNWATCHED_MS) this.#state.unwatched = true;
    this.#state.recordAt = Math.max(this.#state.recordAt, timestampMs);
    const { partition } = record;
    this.#state.partitions = Math.max(record.partitions, partition + 1);
    let latest = this.#state.latest.get(partition) ?? 0;
    if (record.kind === 'tick') latest = Math.max(latest, record.now);
    else {
      for (const sighting of record.sightings) {
        if (this.#isRepeat(partition, sighting)) continue;
        latest = Math.max(latest, sighting.ts);
        this.#push(sighting);
      }
    }
    this.#state.latest.set(partition, latest);
    this.#advance();
  }

  /** An attempt of the past, in the order of their times: it teaches what is normal, and whatever it shows is no news. */
  learn(sighting: Sighting): void {
    this.#state.watermark = Math.max(sighting.ts, this.#state.watermark);
    this.#observe(sighting, this.#state.watermark);
  }

  /** The past has been learnt: what of it comes again is known, and what has begun in its last quarter of an hour is told. */
  endLearning(marks: ReadonlyMap<number, number>): void {
    const newest = this.#state.watermark;
    this.#state.known = { marks: new Map(marks), newest };
    this.#order.advanceTo(newest);
    const ended = new Set(
      this.#state.alerts.filter(({ alert }) => alert.state === 'resolved').map(({ alert }) => alert.id),
    );
    const recent = this.#state.alerts.filter(({ alert }) => alert.ts > newest - NEWS_MS && !ended.has(alert.id));
    const told = new Set(recent.map(({ alert }) => alert.id));
    for (const { alert } of this.#state.alerts)
      if (!told.has(alert.id) && !ended.has(alert.id)) this.#state.untold.add(alert.id);
    // What goes on just now is news, whoever has not heard of it.
    this.#state.alerts = recent.map((detected) => ({ ...detected, foundAt: newest }));
  }

  takeAlerts(): readonly DetectedAlert[] {
    const alerts = this.#state.alerts;
    this.#state.alerts = [];
    return alerts;
  }

  /** For metrics. */
  get facts() {
    const { late, waiting } = this.#order;
    const { keys, bytes } = this.#detector;
    return { late, waiting, ignored: this.#state.ignored, keys, bytes, watermark: this.#state.watermark };
  }

  save(): unknown {
    return {
      ids: this.#ids.save(),
      detector: this.#detector.save(),
      order: this.#order.save(),
      samples: this.#samples.save(),
      state: structuredClone(this.#state),
    };
  }

  load(saved: unknown): void {
    const { ids, detector, order, samples, state } = saved as Record<string, unknown>;
    this.#ids.load(ids);
    this.#detector.load(detector);
    this.#order.load(order);
    this.#samples.load(samples);
    this.#state = structuredClone(state as PlainState);
  }

  #isRepeat(partition: number, { offset, ts }: Sighting): boolean {
    if (offset <= (this.#state.marks.get(partition) ?? -1)) return true;
    this.#state.marks.set(partition, offset);
    // An offset alone does not say it: another log may have begun at 0 since.
    return offset <= (this.#state.known.marks.get(partition) ?? -1) && ts <= this.#state.known.newest;
  }

  #push(sighting: Sighting): void {
    if (sighting.ts < this.#order.reached - TOO_LATE_MS) {
      this.#state.ignored += 1;
      return;
    }
    this.#state.number += 1;
    this.#order.push({ ...newEvent(), ts: sighting.ts, id: this.#state.number, sighting });
  }

  /** No partition has anything earlier to tell: their oldest time, less the time that attempts are waited for. */
  #advance(): void {
    let least = Number.POSITIVE_INFINITY;
    for (let partition = 0; partition < this.#state.partitions; partition += 1) {
      least = Math.min(least, this.#state.latest.get(partition) ?? 0);
    }
    const watermark = least - this.#options.lateMs;
    if (watermark <= this.#state.watermark) return;
    if (this.#state.unwatched) this.#detector.skip(watermark);
    this.#state.unwatched = false;
    this.#state.watermark = watermark;
    this.#order.advanceTo(watermark);
    this.#detector.advance(watermark);
  }

  /** It happens now, as of `ts`. */
  #observe(sighting: Sighting, ts: number): void {
    const ids = this.#ids;
    const event = this.#event;
    for (const name of NAMES) event[name] = ids[name].idOf(sighting[name]);
    event.ts = ts;
    event.input = sighting.input;
    event.cached = sighting.cached;
    event.output = sighting.output;
    event.status = sighting.status;
    event.attempt = sighting.attempt;
    event.cost = sighting.cost ?? Number.NaN;
    event.id = this.#samples.put(`${event.tenant}/${event.env}/${event.feature}`, sighting.requestId);
    this.#detector.observe(event);
  }

  #keep(alert: AnomalyAlert): void {
    if (this.#state.untold.delete(alert.id) && alert.state === 'resolved') return;
    const ids = alert.sample_ids.map((place) => this.#samples.idOf(place));
    const requestIds = ids.filter((id) => id !== undefined);
    this.#state.alerts.push({ alert, foundAt: this.#state.recordAt, requestIds });
  }
}
