import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { assert, WeirError } from '@weir/kernel';
import { fixedParts } from './fixed-parts.ts';

export interface PartUpload {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly partBytes: number;
  readonly parallelParts: number;
  readonly signal: AbortSignal | undefined;
  /** Retries passing failures and gives the others their type. */
  call<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface FinishedPart {
  readonly PartNumber: number;
  readonly ETag: string;
}

/**
 * Writes a stream: in one request when it fits one part, else as a multipart upload that becomes visible with its last
 * request only (O1). At most `parallelParts` parts are in flight and one is being filled (O4).
 */
export async function uploadParts(content: AsyncIterable<Uint8Array>, upload: PartUpload): Promise<void> {
  const parts = fixedParts(content, upload.partBytes)[Symbol.asyncIterator]();
  try {
    const first = await parts.next();
    assert(first.done !== true, 'a stream has at least one part');
    if (first.value.length < upload.partBytes) await putWhole(first.value, upload);
    else await putMultipart(first.value, { [Symbol.asyncIterator]: () => parts }, upload);
  } finally {
    await parts.return?.(undefined);
  }
}

async function putWhole(body: Buffer, { client, bucket, key, call, signal }: PartUpload): Promise<void> {
  const command = { Bucket: bucket, Key: key, Body: body, ContentMD5: md5(body) };
  await call(() => client.send(new PutObjectCommand(command), abortable(signal)), signal);
}

async function putMultipart(first: Buffer, rest: AsyncIterable<Buffer>, upload: PartUpload): Promise<void> {
  const { client, bucket: Bucket, key: Key, call, signal } = upload;
  const created = await call(() => client.send(new CreateMultipartUploadCommand({ Bucket, Key })), signal);
  const UploadId = created.UploadId ?? '';
  try {
    const { parts, bytes } = await sendParts(first, rest, UploadId, upload);
    if (signal?.aborted === true) throw new WeirError('STORE_CANCELLED', `writing ${Key} was cancelled`);
    await complete(UploadId, parts, bytes, upload);
  } catch (error) {
    // A store that is down now keeps the parts until `removeLeftovers` finds them.
    const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
    await client.send(abort).catch(() => undefined);
    throw error;
  }
}

async function sendParts(first: Buffer, rest: AsyncIterable<Buffer>, UploadId: string, upload: PartUpload) {
  const { client, bucket: Bucket, key: Key } = upload;
  const failing = new AbortController();
  const signal = upload.signal === undefined ? failing.signal : AbortSignal.any([failing.signal, upload.signal]);
  const inFlight = new Set<Promise<void>>();
  const parts: FinishedPart[] = [];
  let failure: unknown;
  let bytes = 0;

  const send = (body: Buffer, PartNumber: number): void => {
    bytes += body.length;
    const command = { Bucket, Key, UploadId, PartNumber, Body: body, ContentMD5: md5(body) };
    const sending = upload
      .call(() => client.send(new UploadPartCommand(command), abortable(signal)), signal)
      .then(
        ({ ETag = '' }) => void parts.push({ PartNumber, ETag }),
        (error: unknown) => {
          failure ??= error;
          failing.abort();
        },
      )
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  };

  try {
    let number = 1;
    send(first, number);
    if (inFlight.size >= upload.parallelParts) await Promise.race(inFlight);
    for await (const part of rest) {
      if (failure !== undefined || signal.aborted) break;
      number += 1;
      send(part, number);
      if (inFlight.size >= upload.parallelParts) await Promise.race(inFlight);
    }
  } catch (error) {
    failure ??= error;
    failing.abort();
  }
  await Promise.all(inFlight);
  if (failure !== undefined) throw failure;
  return { parts: parts.sort((a, b) => a.PartNumber - b.PartNumber), bytes };
}

async function complete(UploadId: string, parts: readonly FinishedPart[], bytes: number, upload: PartUpload) {
  const { client, bucket: Bucket, key: Key, call } = upload;
  const command = { Bucket, Key, UploadId, MultipartUpload: { Parts: [...parts] } };
  try {
    await call(() => client.send(new CompleteMultipartUploadCommand(command)));
  } catch (error) {
    // The answer of an attempt that succeeded may have been lost; the next one then finds no such upload.
    if (!(WeirError.is(error) && error.code === 'STORE_NOT_FOUND')) throw error;
    const found = await call(() => client.send(new HeadObjectCommand({ Bucket, Key })));
    if (found.ContentLength !== bytes) throw error;
  }
}

const md5 = (content: Uint8Array): string => createHash('md5').update(content).digest('base64');

const abortable = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });
