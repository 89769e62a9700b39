import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { BodyCapture } from '../ledger/body-capture.ts';
import type { CaptureBudget } from '../ledger/capture-budget.ts';

const HIGH_WATER_BYTES = 64 * 1024;

/** What is sent upstream: nothing, the whole body, or a stream of it. */
export type UploadBody = null | Buffer | Readable;

export interface UploadOptions {
  readonly request: IncomingMessage;
  readonly capture: BodyCapture;
  readonly bytesMax: number;
  /** A body up to this size is given whole, so that it can be sent again; 0 passes all on as they come. */
  readonly keptBytesMax: number;
  /** Where the bytes of a body that is kept count. */
  readonly budget: CaptureBudget;
}

/** Who is told of the body. */
export interface UploadOwner {
  /** Called once, as soon as it is known how to send the body: at once, or with its first chunk. */
  bodyReady(body: UploadBody): void;
  /** The body is larger than `bytesMax`. */
  bodyTooLarge(): void;
}

/**
 * Reads a request body as it comes. A body that arrives in one piece is sent as one buffer, which saves undici a
 * stream; any other is passed on chunk by chunk, and reading stops while the upstream is not taking more. A body that is
 * to be kept is given when it is whole; one that turns out too large for that is passed on after all.
 */
export class Upload {
  readonly #owner: UploadOwner;
  readonly #options: UploadOptions;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #stream: UploadStream | undefined;
  #complete = false;

  constructor(owner: UploadOwner, options: UploadOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** True when the client has sent all of it. */
  get complete(): boolean {
    return this.#complete;
  }

  start(): void {
    const { headers } = this.#options.request;
    const { 'content-length': length, 'transfer-encoding': transfer } = headers;
    if (transfer === undefined && (length === undefined || length === '0')) {
      this.#complete = true;
      this.#owner.bodyReady(null);
      return;
    }
    if (length !== undefined && Number(length) > this.#options.bytesMax) {
      this.#owner.bodyTooLarge();
      return;
    }
    this.#listen(length === undefined ? -1 : Number(length));
  }

  /** Ends sending: what the client still sends is read and thrown away, so that it gets its answer. */
  abandon(error: Error): void {
    const { request } = this.#options;
    request.removeAllListeners('data');
    request.removeAllListeners('end');
    this.#stream?.destroy(error);
    if (!this.#complete) request.resume();
  }

  /** Gives the bytes of a kept body back to the budget. Once. */
  release(): void {
    this.#options.budget.release(this.#keptBytes);
    this.#keptBytes = 0;
  }

  #listen(contentLength: number): void {
    const { request, capture, bytesMax } = this.#options;
    request.on('data', (chunk: Buffer) => {
      capture.push(chunk);
      if (capture.bytes > bytesMax) {
        this.#owner.bodyTooLarge();
        return;
      }
      if (this.#stream !== undefined) {
        // The upstream has answered before the end of the request: the rest is not wanted.
        if (!this.#stream.destroyed && !this.#stream.push(chunk)) request.pause();
        return;
      }
      if (chunk.length === contentLength) {
        this.#complete = true;
        this.#owner.bodyReady(chunk);
        return;
      }
      if (this.#keep(chunk, contentLength)) return;
      this.#stream = new UploadStream(request);
      for (const kept of this.#kept.splice(0)) this.#stream.push(kept);
      this.#stream.push(chunk);
      this.#owner.bodyReady(this.#stream);
    });
    request.on('end', () => {
      this.#complete = true;
      if (this.#stream !== undefined) this.#stream.push(null);
      else if (this.#kept.length > 0) this.#owner.bodyReady(Buffer.concat(this.#kept.splice(0)));
      // A chunked body without a chunk: there was no data to start with.
      else if (contentLength < 0) this.#owner.bodyReady(null);
    });
  }

  /** False when the body is not to be kept, or there is no room for it. */
  #keep(chunk: Buffer, contentLength: number): boolean {
    const { capture, keptBytesMax, budget } = this.#options;
    if (Math.max(capture.bytes, contentLength) > keptBytesMax || !budget.reserve(chunk.length)) {
      this.release();
      return false;
    }
    this.#keptBytes += chunk.length;
    this.#kept.push(chunk);
    return true;
  }
}

/** The request body towards undici; asks the client for more only when undici does. */
class UploadStream extends Readable {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    super({ highWaterMark: HIGH_WATER_BYTES });
    this.#request = request;
    // undici may have let go of it when the attempt ends; the failure is known from the attempt.
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#request.resume();
  }
}
