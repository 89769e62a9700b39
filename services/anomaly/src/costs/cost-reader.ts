import type { StoredRecord } from '@weir/event-log';
import { type CostEvent, type EventCodec, RESENT_HEADER } from '@weir/events';
import { RecentIds } from './recent-ids.ts';

export interface CostReaderOptions {
  readonly codec: EventCodec<CostEvent>;
  /** How many of a partition's newest request ids are remembered, for records that are marked as sent again. */
  readonly idsRemembered: number;
  /** A record that is none of the ledger's: a repeat, or what cannot be a row. */
  onIgnored(reason: IgnoredReason, record: StoredRecord): void;
}

export type IgnoredReason = 'repeated' | 'resent' | 'unreadable' | 'invalid';

const DAY_MS = 86_400_000;
/** What the loader does not take as a row is not counted either: budgets and ledger add up to the same. */
const SKEW_MS_MAX = 7 * DAY_MS;
const COST_MAX = 100_000n * 10n ** 12n;

/** Turns the records of one partition of weir.costs, in order, into ledger rows, each once. */
export class CostReader {
  /** Highest `source_offset` so far, by which repeats of the cost service are known. */
  highWater: number;
  readonly #options: CostReaderOptions;
  readonly #recent: RecentIds;

  constructor(options: CostReaderOptions, highWater: number) {
    this.#options = options;
    this.#recent = new RecentIds(options.idsRemembered);
    this.highWater = highWater;
  }

  remember(record: StoredRecord): void {
    // The key of a cost event is its request id.
    if (record.key !== null) this.#recent.add(record.key);
  }

  take(record: StoredRecord): CostEvent | undefined {
    const { onIgnored, codec } = this.#options;
    const known = record.key !== null && this.#recent.has(record.key);
    this.remember(record);
    let event: CostEvent;
    try {
      event = codec.decodeInPlace(record.value);
    } catch {
      // The loader reads the same topic and buries what cannot be read: once is enough.
      onIgnored('unreadable', record);
      return undefined;
    }
    if (event.source_offset <= this.highWater) {
      onIgnored('repeated', record);
      return undefined;
    }
    this.highWater = event.source_offset;
    if (known && record.headers[RESENT_HEADER] !== undefined) {
      onIgnored('resent', record);
      return undefined;
    }
    const cost = event.cost_usd ?? 0n;
    if (Math.abs(event.ts - record.timestampMs) > SKEW_MS_MAX || cost < 0n || cost >= COST_MAX) {
      onIgnored('invalid', record);
      return undefined;
    }
    return event;
  }
}
