import type { Outcome, RequestEvent } from '@weir/events';
import type { IngressErrorCode } from '../errors.ts';
import type { CallMetadata } from '../wire/call-metadata.ts';
import type { CallTarget } from '../wire/call-target.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import type { CapturedPayload } from './body-capture.ts';

/** One attempt to serve a call, as it began; nothing in it changes afterwards. */
export interface Call {
  /** UUIDv7: the ledger row, and `cf-aig-log-id`. */
  readonly id: string;
  /** The client's call, equal for all its attempts: the id of the first one, and `cf-aig-request-id`. */
  readonly parentId: string;
  readonly eventId: string;
  /** 1 for the first try of a step. */
  readonly attempt: number;
  /** 0-based. */
  readonly step: number;
  /** When the call was accepted or, of a later attempt, when that began; wall clock, ms since the epoch. */
  readonly acceptedAt: number;
  readonly target: CallTarget;
  readonly metadata: CallMetadata;
  /** False: its bodies are never written anywhere. */
  readonly collectPayload: boolean;
  readonly apiKeyId: string;
  /** Name of the gateway token that called; '' when none did. */
  readonly tokenId: string;
  readonly method: string;
  readonly userAgent: string;
  readonly requestContentType: string;
  readonly requestEncoding: string;
}

/** How a call to the provider ended. */
export interface CallEnd {
  /** 0 when no answer came. */
  readonly status: number;
  readonly head: ResponseHead | undefined;
  readonly outcome: Outcome;
  readonly errorCode: IngressErrorCode | '';
  readonly complete: boolean;
  readonly clientGone: boolean;
  readonly cacheStatus: RequestEvent['cache_status'];
  readonly durationUs: number;
  readonly ttfbUs: number;
  readonly overheadUs: number;
  readonly request: CapturedPayload;
  readonly response: CapturedPayload;
}
