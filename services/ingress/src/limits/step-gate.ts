import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { OwnHeaders } from '../wire/call-target.ts';
import type { Refusal } from '../wire/refusal.ts';

/** Leave for one attempt. */
export interface Leave {
  /** Request headers that replace the client's of the same name; '' takes one off. */
  readonly headers: OwnHeaders | undefined;
  /** For the answer of the attempt, flat list. */
  readonly answerHeaders?: readonly string[];
  /** Shown each chunk of an answer that is a stream of events; `cut` ends the attempt. */
  watch?(chunk: Buffer, cut: () => void): void;
  /** Called once when the attempt has ended; without an end when nothing went upstream. */
  settle?(end: CallEnd | undefined): void;
}

export type EnterResult = Leave | { readonly refusal: Refusal };

/** The policies that stand between a step and its provider; a step without any has no gate. */
export interface StepGate {
  /** True: the whole body of the request is known before anything is sent; else `body` below is undefined. */
  readonly needsBody: boolean;
  /** Asked before the cache is: what the caller may not ask for is no hit either. */
  check?(call: Call, body: Buffer | null | undefined): Refusal | undefined;
  /** Called before each attempt; what needs no wait answers at once. */
  enter(call: Call, body: Buffer | null | undefined): EnterResult | Promise<EnterResult>;
}
