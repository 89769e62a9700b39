import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { constants, createGzip, type Gzip } from 'node:zlib';
import { sleep } from '@weir/kernel';
import type { ApiReply } from './api-call.ts';
import type { Fault } from './faults.ts';

export interface WriteOutcome {
  /** `served`: to the last byte. `cut`: ended early by a fault. `left`: the client went away. */
  readonly end: 'served' | 'cut' | 'left';
  /** Body bytes written, after compression. */
  readonly bytes: number;
}

export interface WriteOptions {
  readonly fault: Fault;
  readonly gzip: boolean;
  /** Aborts when the client or the server goes away. */
  readonly signal: AbortSignal;
}

/** Writes a reply chunk by chunk with the fault's delays, stalls, cuts and wrong lengths. Never rejects. */
export async function writeResponse(
  response: ServerResponse,
  reply: ApiReply,
  options: WriteOptions,
): Promise<WriteOutcome> {
  const { fault, signal } = options;
  await sleepIf(fault.firstByteMs, signal);
  if (signal.aborted) return { end: 'left', bytes: 0 };
  const body = faultyChunks(reply, fault);
  const sink = openSink(response, reply, body.chunks, options);
  for (const [index, chunk] of body.chunks.entries()) {
    if (index > 0) await sleepIf(fault.chunkMs, signal);
    if (fault.stallAfter === index) await sleep(fault.stallMs ?? 2 ** 31 - 1, signal);
    if (signal.aborted) return { end: 'left', bytes: sink.bytes() };
    await sink.write(chunk, signal);
  }
  if (fault.stallAfter === body.chunks.length) await sleep(fault.stallMs ?? 2 ** 31 - 1, signal);
  if (body.cut || (fault.contentLengthOff ?? 0) > 0) {
    await sink.flush(signal);
    response.destroy();
    return { end: 'cut', bytes: sink.bytes() };
  }
  return await sink.end(signal);
}

function sleepIf(ms: number | undefined, signal: AbortSignal): Promise<void> | undefined {
  return ms === undefined || ms <= 0 ? undefined : sleep(ms, signal);
}

function faultyChunks(reply: ApiReply, fault: Fault): { chunks: Buffer[]; cut: boolean } {
  const chunks = fault.emptyBody === true ? [] : reply.chunks.map((chunk) => Buffer.from(chunk as string));
  if (fault.errorAfter !== undefined && reply.midStreamError.length > 0) {
    return { chunks: [...chunks.slice(0, fault.errorAfter), Buffer.from(reply.midStreamError as string)], cut: false };
  }
  if (fault.cutAfter === undefined) return { chunks, cut: false };
  const [only] = chunks;
  // A body of one chunk is cut in the middle, so that "cut" never means "whole" or "nothing".
  if (chunks.length === 1 && only !== undefined) return { chunks: [only.subarray(0, only.length >> 1)], cut: true };
  return { chunks: chunks.slice(0, fault.cutAfter), cut: true };
}

interface Sink {
  bytes(): number;
  write(chunk: Uint8Array, signal: AbortSignal): Promise<void>;
  flush(signal: AbortSignal): Promise<void>;
  end(signal: AbortSignal): Promise<WriteOutcome>;
}

function openSink(
  response: ServerResponse,
  reply: ApiReply,
  chunks: readonly Buffer[],
  { fault, gzip }: WriteOptions,
): Sink {
  const retryAfter = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  const headers: Record<string, string> = { ...reply.headers, ...retryAfter };
  if (gzip) headers['content-encoding'] = 'gzip';
  else if (reply.chunks.length <= 1 || fault.contentLengthOff !== undefined) {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const announced = fault.cutAfter === undefined ? length : length * 2;
    headers['content-length'] = String(Math.max(0, announced + (fault.contentLengthOff ?? 0)));
  }
  // Bytes beyond the announced length would be read as the next response.
  if (fault.contentLengthOff !== undefined) headers['connection'] = 'close';
  response.writeHead(reply.status, headers);
  response.flushHeaders();
  return gzip ? gzipSink(response, createGzip()) : plainSink(response);
}

async function drained(response: ServerResponse, accepted: boolean, signal: AbortSignal): Promise<void> {
  if (accepted || signal.aborted) return;
  await once(response, 'drain', { signal }).catch(() => undefined);
}

async function finished(response: ServerResponse, signal: AbortSignal): Promise<'served' | 'left'> {
  response.end();
  if (!response.writableFinished && !signal.aborted) {
    await once(response, 'finish', { signal }).catch(() => undefined);
  }
  return response.writableFinished ? 'served' : 'left';
}

function plainSink(response: ServerResponse): Sink {
  let bytes = 0;
  return {
    bytes: () => bytes,
    write: async (chunk, signal) => {
      bytes += chunk.length;
      await drained(response, response.write(chunk), signal);
    },
    // Lets the socket take what was written before a cut.
    flush: (signal) => sleep(5, signal),
    end: async (signal) => ({ end: await finished(response, signal), bytes }),
  };
}

function gzipSink(response: ServerResponse, gzip: Gzip): Sink {
  let bytes = 0;
  gzip.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    response.write(chunk);
  });
  const flushGzip = (): Promise<void> => new Promise((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, () => resolve()));
  return {
    bytes: () => bytes,
    write: async (chunk, signal) => {
      gzip.write(chunk);
      await flushGzip();
      await drained(response, !response.writableNeedDrain, signal);
    },
    flush: (signal) => sleep(5, signal),
    end: async (signal) => {
      const ended = once(gzip, 'end');
      gzip.end();
      await ended;
      return { end: await finished(response, signal), bytes };
    },
  };
}
