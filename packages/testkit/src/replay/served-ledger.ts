import type { TokenUsage } from '@weir/usage';
import type { ServedFacts } from './api-call.ts';

/** One response that was served to its last byte. */
export interface ServedResponse extends ServedFacts {
  /** 1 for the first response ever served; never reused. */
  readonly sequence: number;
  /** Slug of the path. `model` is the one asked for, which is also the one that served. */
  readonly provider: string;
  /** Path after the slug. */
  readonly path: string;
  readonly status: number;
  /** The request's `x-request-id`; '' when it had none. */
  readonly requestId: string;
  /** Body bytes written, after compression. */
  readonly bytes: number;
}

/** Counts of every request since the start or the last reset; a response is in one of served, cut and left. */
export interface ReplayCounters {
  readonly received: number;
  /** Fully served, errors included. */
  readonly served: number;
  /** Of the served: status 400 and above. */
  readonly errors: number;
  /** Ended early by a fault. */
  readonly cut: number;
  /** Abandoned by the client. */
  readonly left: number;
  /** Served responses no longer in `served`, which holds a bounded number. */
  readonly dropped: number;
}

/** Sums over the served responses of one model; exact, whatever `served` still holds. */
export interface ServedTotals {
  readonly provider: string;
  readonly model: string;
  readonly responses: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly bytes: number;
}

const MAX_MODELS = 1_000;
const OVERFLOW_MODEL = '(other models)';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const ZERO: ReplayCounters = { received: 0, served: 0, errors: 0, cut: 0, left: 0, dropped: 0 };

/** Keeps what was served: the newest `capacity` responses, and exact sums of all. */
export class ServedLedger {
  readonly served: ServedResponse[] = [];
  readonly counters: Mutable<ReplayCounters> = { ...ZERO };
  readonly #capacity: number;
  readonly #totals = new Map<string, Mutable<ServedTotals>>();
  #sequence = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(response: Omit<ServedResponse, 'sequence'>): void {
    this.#sequence += 1;
    this.served.push({ ...response, sequence: this.#sequence });
    this.counters.served += 1;
    if (response.status >= 400) this.counters.errors += 1;
    if (response.usage !== null) this.#sum(response, response.usage);
    if (this.served.length > this.#capacity) {
      // A tenth at a time, so that dropping costs the same however large the ledger is.
      const surplus = Math.max(1, Math.floor(this.#capacity / 10));
      this.served.splice(0, surplus);
      this.counters.dropped += surplus;
    }
  }

  /** Sums per provider and model, in order of first use; responses without usage are not in them. */
  totals(): ServedTotals[] {
    return [...this.#totals.values()].map((sums) => ({ ...sums }));
  }

  reset(): void {
    this.served.length = 0;
    this.#totals.clear();
    Object.assign(this.counters, ZERO);
  }

  #sum(response: Omit<ServedResponse, 'sequence'>, usage: TokenUsage): void {
    const known = this.#totals.has(`${response.provider}/${response.model}`);
    const model = known || this.#totals.size < MAX_MODELS ? response.model : OVERFLOW_MODEL;
    const key = `${response.provider}/${model}`;
    const sums = this.#totals.get(key) ?? emptyTotals(response.provider, model);
    sums.responses += 1;
    sums.inputTokens += usage.inputTokens;
    sums.outputTokens += usage.outputTokens;
    sums.cacheReadTokens += usage.cacheReadTokens;
    sums.cacheWriteTokens += usage.cacheWriteTokens;
    sums.reasoningTokens += usage.reasoningTokens;
    sums.bytes += response.bytes;
    this.#totals.set(key, sums);
  }
}

function emptyTotals(provider: string, model: string): Mutable<ServedTotals> {
  return {
    provider,
    model,
    responses: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    bytes: 0,
  };
}
