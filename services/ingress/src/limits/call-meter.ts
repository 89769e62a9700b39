import type { RequestEvent } from '@weir/events';

/** The most that a call may use, as far as its request tells. */
export interface WorstCall {
  readonly provider: string;
  readonly model: string;
  readonly region: string;
  readonly serviceTier: string;
  readonly account: string;
  readonly gateway: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The input may be written to the provider's cache, at the price of that. */
  readonly cachesInput: boolean;
  /** Ms since the epoch. */
  readonly at: number;
}

/** What calls cost, by the same book as the ledger. Pico-dollars; null is unknown. */
export interface CallMeter {
  worst(call: WorstCall): bigint | null;
  /** As the ledger will say of the attempt. */
  actual(event: RequestEvent): { readonly usd: bigint | null; readonly tokens: number };
}
