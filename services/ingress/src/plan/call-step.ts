import type { IncomingHttpHeaders } from 'node:http';
import type { CacheWish } from '../cache/cache-wish.ts';
import type { Call } from '../ledger/call-record.ts';
import type { StepGate } from '../limits/step-gate.ts';
import type { RetryPolicy } from '../wire/call-policy.ts';

/** One provider to ask, and how: a call has one, a universal call as many as it names. */
export interface CallStep {
  /** As its first attempt is recorded. */
  readonly call: Call;
  /** Request headers, names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The same before Weir's own rules, flat list of names and values. */
  readonly rawHeaders: readonly string[];
  /** The `Connection` header that goes with them. */
  readonly connection: string | undefined;
  /** What is sent instead of the client's body; undefined sends that. */
  readonly body: Buffer | undefined;
  readonly retry: RetryPolicy;
  /** Undefined: nothing stands between. */
  readonly gate: StepGate | undefined;
  /** Undefined: the cache is not asked. */
  readonly cache: CacheWish | undefined;
  /** Answer headers of Weir's own beside the ids, flat list. */
  readonly answerHeaders: readonly string[];
  /** True: a stream is asked for its usage, which the client does not see. */
  readonly addsUsage: boolean;
  /** From dispatch to the head of the answer, as the caller or the gateway asks; undefined when neither does. */
  readonly timeoutMs: number | undefined;
}
