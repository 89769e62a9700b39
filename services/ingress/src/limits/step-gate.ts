import type { Call } from '../ledger/call-record.ts';
import type { OwnHeaders } from '../wire/call-target.ts';
import type { Refusal } from '../wire/refusal.ts';

/** Leave for one attempt. */
export interface Leave {
  /** Request headers that replace the client's of the same name; '' takes one off. */
  readonly headers: OwnHeaders | undefined;
}

export type EnterResult = Leave | { readonly refusal: Refusal };

/** The policies that stand between a step and its provider; a step without any has no gate. */
export interface StepGate {
  /** True: it is given the whole body of the request; else `body` is undefined. */
  readonly needsBody: boolean;
  /** Called once, before the cache is asked: whether the caller may have the answer at all. */
  check(call: Call, body: Buffer | null | undefined): Refusal | undefined;
  /** Called before each attempt; what needs no wait answers at once. */
  enter(call: Call, body: Buffer | null | undefined): EnterResult | Promise<EnterResult>;
}
