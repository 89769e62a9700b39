import type { ServerResponse } from 'node:http';
import { type Refusal, sendRefusal } from '../wire/refusal.ts';
import type { ResponseHead } from '../wire/response-headers.ts';

/** How long a cut connection may take to deliver what was already written. */
const CUT_FLUSH_MS = 5_000;
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

export interface ClientAnswerOptions {
  readonly response: ServerResponse;
  /** How long the client may leave bytes unread before it counts as gone. */
  readonly stallTimeoutMs: number;
}

/** Who is told of the client. */
export interface ClientAnswerOwner {
  /** The client takes bytes again. */
  clientDrained(): void;
  /** The client has closed its connection, or has stalled for too long, before the end was sent. */
  clientLeft(): void;
}

/** The client's side of an exchange: writes what came, as it came, and knows when the client has left. */
export class ClientAnswer {
  readonly #owner: ClientAnswerOwner;
  readonly #options: ClientAnswerOptions;
  readonly #response: ServerResponse;
  #gone = false;
  #ended = false;
  /** The head needs no push of its own: a chunk or the end has taken it along, or is about to. */
  #headLeaves = false;
  #lengthKnown = false;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(owner: ClientAnswerOwner, options: ClientAnswerOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#response = options.response;
    this.#response.on('close', () => this.#closed());
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** True from the moment on that the answer cannot be another one any more. */
  get headSent(): boolean {
    return this.#response.headersSent;
  }

  /** 102 and 103 are passed on (RFC 9110 §15.2); others mean nothing to a client that did not ask. */
  inform(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (this.#gone) return;
    if (status === 102) this.#response.writeProcessing();
    const link = headers['link'];
    if (status === 103 && link !== undefined) this.#response.writeEarlyHints({ link });
  }

  /**
   * Writes the head, once, with Weir's own headers; it leaves with the first chunk when that came with it, else at once.
   */
  head(status: number, statusText: string, head: ResponseHead, ownHeaders: readonly string[]): void {
    if (this.#gone) return;
    this.#lengthKnown = head.contentLength >= 0;
    const reason = statusText === 'OK' || !UNSENDABLE.test(statusText) ? statusText : '';
    const headers = head.forward;
    for (const part of ownHeaders) headers.push(part);
    this.#response.writeHead(status, reason, headers);
    process.nextTick(flushHead, this);
  }

  /** False when the client is not taking more: wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    this.#headLeaves = true;
    if (this.#response.write(chunk)) return true;
    if (this.#stallTimer === undefined) {
      this.#stallTimer = setTimeout(() => this.#response.destroy(), this.#options.stallTimeoutMs);
      this.#response.once('drain', () => this.#drained());
    }
    return false;
  }

  /** The end is there and comes as soon as its event is durable: a head that has not left yet waits for it. */
  expectEnd(): void {
    this.#headLeaves = true;
  }

  end(last: Buffer | undefined, trailers: [string, string][]): void {
    if (this.#gone) return;
    this.#finish();
    if (trailers.length > 0) this.#response.addTrailers(trailers);
    this.#response.end(last);
  }

  /** Answers with an error when nothing was answered yet, else cuts the connection so that the client notices. */
  fail(refusal: Refusal, ownHeaders: readonly string[]): void {
    if (this.#gone) return;
    if (this.#response.headersSent) {
      this.cut();
      return;
    }
    this.#finish();
    sendRefusal(this.#response, refusal, ownHeaders);
  }

  /** Closes the connection after what was written, without the end that would make the answer look whole. */
  cut(): void {
    if (this.#gone) return;
    this.#finish();
    const { socket } = this.#response;
    // Without a length or chunks, a clean close would be the end of the body.
    if (socket === null || !(this.#response.chunkedEncoding || this.#lengthKnown)) {
      this.#response.destroy();
      return;
    }
    socket.setTimeout(CUT_FLUSH_MS, () => socket.destroy());
    socket.destroySoon();
  }

  flushHead(): void {
    if (!this.#headLeaves && !this.#ended && !this.#gone) this.#response.flushHeaders();
  }

  #drained(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#owner.clientDrained();
  }

  #finish(): void {
    this.#ended = true;
    clearTimeout(this.#stallTimer);
  }

  #closed(): void {
    clearTimeout(this.#stallTimer);
    if (this.#ended || this.#gone) return;
    this.#gone = true;
    this.#owner.clientLeft();
  }
}

function flushHead(answer: ClientAnswer): void {
  answer.flushHead();
}
