import type { Dims } from '../priced-event.ts';

export type AnomalyKind =
  | 'runaway_loop'
  | 'key_leak'
  | 'prompt_change'
  | 'token_shift'
  | 'slow_drift'
  | 'model_swap'
  | 'price_change'
  | 'unpriced_model'
  | 'retry_storm'
  | 'cache_collapse'
  | 'outage'
  | 'traffic_surge'
  | 'new_feature';

export type Driver =
  | 'requests'
  | 'input_tokens'
  | 'output_tokens'
  | 'cache'
  | 'price'
  | 'model_mix'
  | 'retries'
  | 'new';

export type Direction = 'up' | 'down';

/** What a test found. Whether it becomes an alert is the alert book's to say. */
export interface Finding {
  readonly kind: AnomalyKind;
  readonly driver: Driver;
  readonly direction: Direction;
  readonly ts: number;
  /** The last moment at which there was no evidence: the most likely moment of the change. */
  readonly onset: number;
  /** The scope that was watched, and the cause that the test names. */
  readonly dims: Dims;
  readonly cause: Dims;
  /** Row of the stream, for what concerns one; -1 otherwise. */
  readonly stream: number;
  readonly nats: number;
  readonly metric: string;
  readonly observed: number;
  readonly expected: number;
  /** Money above the usual, if it goes on like this. */
  readonly usdAnHour: number;
  /** True: it may be over within hours, so the gate is by the hour. */
  readonly brief: boolean;
  readonly evidence: Readonly<Record<string, string>>;
}

export type Report = (finding: Finding) => void;
