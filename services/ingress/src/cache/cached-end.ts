import type { CachedAnswer } from '@weir/response-cache';
import type { IngressConfig } from '../config.ts';
import { outcomeOf } from '../exchange/outcome.ts';
import type { Stopwatch } from '../exchange/stopwatch.ts';
import type { CapturedPayload } from '../ledger/body-capture.ts';
import type { CallEnd } from '../ledger/call-record.ts';
import type { CaptureBudget } from '../ledger/capture-budget.ts';
import { capturedBody } from '../ledger/captured-body.ts';
import type { IngressDependencies } from '../ports.ts';
import { UsageFilter } from '../usage/usage-filter.ts';
import { type ResponseHead, readResponseHead, withoutLength } from '../wire/response-headers.ts';

interface CachedEndContext {
  readonly config: IngressConfig;
  readonly budget: CaptureBudget;
  readonly dependencies: IngressDependencies;
}

export interface CachedCall {
  readonly answer: CachedAnswer;
  readonly request: CapturedPayload;
  /** Monotonic ms. */
  readonly startedAt: number;
  readonly clientGone: boolean;
  readonly stopwatch: Stopwatch;
  /** True: the client did not ask for the usage that Weir asked for. */
  readonly withholdsUsage: boolean;
}

/** Its row, and what the client gets. */
export interface CachedEnd {
  readonly end: CallEnd;
  readonly head: ResponseHead;
  readonly body: Buffer;
}

/** How a call that the cache answers ends: its row holds the answer, so that what it would have cost can be told. */
export function cachedEnd(
  { config, budget, dependencies }: CachedEndContext,
  { answer, request, startedAt, clientGone, stopwatch, withholdsUsage }: CachedCall,
): CachedEnd {
  const head = readResponseHead(answer.headers);
  const response = capturedBody(answer.body, config, budget);
  const now = dependencies.clock.monotonic();
  const durationUs = Math.max(1, Math.round((now - startedAt) * 1_000));
  const end: CallEnd = {
    status: 200,
    head,
    outcome: outcomeOf(200, '', clientGone),
    errorCode: '',
    complete: true,
    clientGone,
    cacheStatus: 'hit',
    durationUs,
    ttfbUs: durationUs,
    overheadUs: Math.max(0, Math.round(stopwatch.takeMs(now) * 1_000)),
    request,
    response,
  };
  if (!answer.usageAdded || !withholdsUsage) return { end, head, body: answer.body };
  const filter = new UsageFilter();
  const passed = filter.push(answer.body);
  return { end, head: withoutLength(head), body: Buffer.concat([passed, filter.end()]) };
}
