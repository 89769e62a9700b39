import type { CachedEnd } from '../cache/cached-end.ts';
import { INGRESS_ERRORS, type IngressErrorCode } from '../errors.ts';
import type { IngressMetrics } from '../ingress-metrics.ts';
import type { CallEnd } from '../ledger/call-record.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { Attempt } from './attempt.ts';
import type { ClientAnswer } from './client-answer.ts';

/** Why a call ends without an attempt; no code when the client has left. */
export type Ending = Refusal | { readonly code: IngressErrorCode | ''; readonly detail: string };

export interface CallEndingOptions {
  readonly client: ClientAnswer;
  readonly metrics: IngressMetrics;
  /** True: when every attempt failed the client gets Weir's error, not the provider's answer. */
  readonly cloudflareErrors: boolean;
  /** Weir's own headers of the answer that an attempt gives. */
  readonly headersOf: (attempt: Attempt) => readonly string[];
  /** The same of an answer that no attempt gave. */
  readonly ownHeaders: () => readonly string[];
}

/** An answer held back, and whose it is: it is given when no later attempt has one. */
interface KeptAnswer {
  readonly attempt: Attempt;
  readonly trailers: [string, string][];
}

/**
 * The end of a call as its client sees it. When all attempts fail that is the last answer there was, with its status;
 * Weir's own error only when there was none, or when the gateway is set to answer as Cloudflare does.
 */
export class CallEnding {
  readonly #options: CallEndingOptions;
  #kept: KeptAnswer | undefined;

  constructor(options: CallEndingOptions) {
    this.#options = options;
  }

  /** Keeps the answer that an attempt has held back, instead of the one before. */
  keep(attempt: Attempt, trailers: [string, string][]): void {
    if (attempt.held === undefined) return;
    this.#kept?.attempt.held?.take();
    this.#kept = { attempt, trailers };
  }

  /** Of a call of which nothing went upstream: no attempt, hence no row, but a counter. */
  refuse(ending: Ending): void {
    const { metrics } = this.#options;
    metrics.refusals.inc({ code: isRefusal(ending) ? ending.code : 'CLIENT_LEFT' });
    this.#fail(ending);
  }

  /** Between two attempts: the last answer, or an error. */
  giveUp(ending: Ending): void {
    if (this.#kept !== undefined) this.#giveKept(this.#kept);
    else this.#fail(ending);
  }

  /** After the last attempt; `cut` when Weir itself ended it. */
  answer(attempt: Attempt, { complete, errorCode }: CallEnd, trailers: [string, string][], cut: boolean): void {
    const { client, cloudflareErrors, headersOf } = this.#options;
    if (client.gone) return;
    if (client.headSent) {
      if (complete) this.#finishBody(attempt.lastChunk, trailers);
      else client.cut();
    } else if (cloudflareErrors && !cut) {
      const detail = errorCode === '' ? '' : INGRESS_ERRORS[errorCode];
      client.fail({ code: 'UPSTREAM_ALL_FAILED', detail }, headersOf(attempt));
    } else if (this.#kept !== undefined) {
      this.#giveKept(this.#kept);
    } else {
      client.fail({ code: errorCode === '' ? 'UPSTREAM_FAILED' : errorCode, detail: '' }, headersOf(attempt));
    }
  }

  /** Of a call that the cache answers. */
  giveCached({ body, head }: CachedEnd, ownHeaders: readonly string[]): void {
    const { client } = this.#options;
    if (client.gone) return;
    client.head(200, 'OK', head, ownHeaders);
    this.#finishBody(body, []);
  }

  /** Lets go of what it keeps. */
  release(): void {
    this.#kept?.attempt.held?.take();
  }

  #fail(ending: Ending): void {
    const { client, ownHeaders } = this.#options;
    if (isRefusal(ending)) client.fail(ending, ownHeaders());
  }

  #giveKept({ attempt, trailers }: KeptAnswer): void {
    const { client, headersOf } = this.#options;
    const { held } = attempt;
    if (held === undefined || client.gone) return;
    client.expectEnd();
    client.head(held.status, held.statusText, held.head, headersOf(attempt));
    for (const chunk of held.take()) client.write(chunk);
    this.#finishBody(undefined, trailers);
  }

  #finishBody(last: Buffer | undefined, trailers: [string, string][]): void {
    const { client } = this.#options;
    try {
      client.end(last, trailers);
    } catch {
      // A trailer that Node will not send: this runs outside of undici, which would have caught it.
      client.cut();
    }
  }
}

const isRefusal = (ending: Ending): ending is Refusal => ending.code !== '';
