import { createHash, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { WeirError } from '@weir/kernel';
import { measure } from '../../measure.ts';
import { checkKey, checkPrefix } from '../../object-key.ts';
import {
  type ListedObject,
  type ObjectStore,
  type PutCondition,
  type PutStreamOptions,
  SMALL_OBJECT_BYTES,
  type SmallObject,
  type StoreAbilities,
  type StoredObject,
} from '../../object-store.ts';
import { type S3Place, s3Error } from './s3-errors.ts';
import { uploadParts } from './upload-parts.ts';
import { type RetryLimits, withRetries } from './with-retries.ts';

export interface S3StoreOptions {
  readonly bucket: string;
  /** Before every key; '' or without slashes at its ends. */
  readonly prefix?: string | undefined;
  /** Another store than AWS: `https://<account>.r2.cloudflarestorage.com`. */
  readonly endpoint?: string | undefined;
  /** Default: `AWS_REGION`, else `auto` with an endpoint of its own, else `us-east-1`. */
  readonly region?: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  readonly forcePathStyle?: boolean;
  /** Default: the SDK's chain (environment, profile, web identity, instance). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Default 8 MiB; the store's minimum is 5 MiB. Memory of a transfer: parts × (parallel + 1). */
  readonly partBytes?: number;
  /** Parts in flight at a time. Default 4. */
  readonly parallelParts?: number;
  readonly retry?: Partial<RetryLimits>;
  /** A connection without a byte for this long has failed. Default 60 s. */
  readonly idleTimeoutMs?: number;
}

const MIB = 1024 * 1024;
const RETRY: RetryLimits = { attempts: 8, baseMs: 100, capMs: 20_000 };
const CONNECT_MS = 5_000;
const IDLE_MS = 60_000;

/** A bucket (or a prefix in it) of S3, R2 or anything that speaks their protocol. Connects with the first call. */
export function openS3Store(options: S3StoreOptions): ObjectStore {
  const client = createClient(options);
  const { bucket: Bucket } = options;
  const place: S3Place = { bucket: Bucket, endpoint: options.endpoint ?? 'AWS' };
  const root = options.prefix === undefined || options.prefix === '' ? '' : `${options.prefix}/`;
  const retry = { ...RETRY, ...options.retry };
  const nameOf = (key: string): string => `${root}${checkKey(key)}`;

  function call<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withRetries(retry, signal, () => attempt(doing, work, signal));
  }
  async function attempt<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true) throw new WeirError('STORE_CANCELLED', `${doing} was cancelled`);
      throw s3Error(error, doing, place);
    }
  }

  async function putStream(key: string, content: AsyncIterable<Uint8Array>, given: PutStreamOptions = {}) {
    const measured = measure(content);
    await uploadParts(measured.content, {
      client,
      bucket: Bucket,
      key: nameOf(key),
      partBytes: options.partBytes ?? 8 * MIB,
      parallelParts: options.parallelParts ?? 4,
      signal: given.signal,
      call: (work, signal) => call(`writing ${key}`, work, signal),
    });
    return { key, ...measured.facts() } satisfies StoredObject;
  }

  function put(key: string, content: Uint8Array, condition: PutCondition): Promise<string> {
    const Key = nameOf(key);
    return withRetries(retry, undefined, async (number) => {
      const only = condition === 'always' ? {} : condition === 'absent' ? ABSENT : { IfMatch: condition.version };
      const ContentMD5 = md5(content);
      const command = new PutObjectCommand({ Bucket, Key, Body: content, ContentMD5, ...only });
      try {
        const answer = await attempt(`writing ${key}`, () => client.send(command));
        return answer.ETag ?? '';
      } catch (error) {
        // If-Match on what has gone meanwhile is answered with 404.
        const lost = typeof condition === 'string' ? ['STORE_CONFLICT'] : ['STORE_CONFLICT', 'STORE_NOT_FOUND'];
        if (!WeirError.is(error) || !lost.includes(error.code)) throw error;
        // An earlier attempt may have landed with its answer lost: then what is there is ours.
        const found = number === 0 ? undefined : await get(key);
        if (found !== undefined && Buffer.compare(found.content, content) === 0) return found.version;
        throw new WeirError('STORE_CONFLICT', `${key} was written by someone else`, { fix: 'Read it again.' });
      }
    });
  }

  function get(key: string): Promise<SmallObject | undefined> {
    return call(`reading ${key}`, async () => {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key: nameOf(key) })).catch(absent);
      if (answer?.Body === undefined) return undefined;
      const bytes = answer.ContentLength ?? 0;
      if (bytes > SMALL_OBJECT_BYTES) throw new WeirError('STORE_TOO_LARGE', `${key} has ${bytes} bytes`);
      return { content: await answer.Body.transformToByteArray(), version: answer.ETag ?? '' };
    });
  }

  async function* stream(key: string): AsyncGenerator<Uint8Array> {
    const doing = `reading ${key}`;
    const answer = await call(doing, () => client.send(new GetObjectCommand({ Bucket, Key: nameOf(key) })));
    try {
      for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) yield chunk;
    } catch (error) {
      throw s3Error(error, doing, place);
    }
  }

  async function* list(prefix: string): AsyncGenerator<ListedObject> {
    const Prefix = `${root}${checkPrefix(prefix)}`;
    let after: string | undefined;
    do {
      const page = { Bucket, Prefix, ...(after === undefined ? {} : { ContinuationToken: after }) };
      const answer = await call(`listing ${prefix}`, () => client.send(new ListObjectsV2Command(page)));
      for (const { Key = '', Size = 0, LastModified } of answer.Contents ?? []) {
        yield { key: Key.slice(root.length), bytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      after = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  async function remove(key: string): Promise<void> {
    await call(`deleting ${key}`, () => client.send(new DeleteObjectCommand({ Bucket, Key: nameOf(key) })));
  }

  async function removeLeftovers(olderThanMs: number): Promise<number> {
    const page = { Bucket, Prefix: root };
    const answer = await call('listing uploads', () => client.send(new ListMultipartUploadsCommand(page)));
    const old = (answer.Uploads ?? []).filter((upload) => {
      return Date.now() - (upload.Initiated?.getTime() ?? 0) >= olderThanMs;
    });
    for (const { Key, UploadId } of old) {
      const command = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await call('ending an upload', () => client.send(command).catch(absent));
    }
    return old.length;
  }

  async function check(): Promise<StoreAbilities> {
    const first = new ListObjectsV2Command({ Bucket, Prefix: root, MaxKeys: 1 });
    await call('listing', () => client.send(first));
    const probe = `_work/check-${randomUUID()}`;
    await put(probe, Buffer.from('one'), 'absent');
    const again = await put(probe, Buffer.from('two'), 'absent').then(
      () => 'written',
      (error: unknown) => error,
    );
    await remove(probe);
    if (again !== 'written' && !(WeirError.is(again) && again.code === 'STORE_CONFLICT')) throw again;
    return { conditionalWrites: again !== 'written' };
  }

  return {
    location: `s3://${Bucket}/${root}${options.endpoint === undefined ? '' : ` at ${options.endpoint}`}`,
    putStream,
    put,
    get,
    stream,
    list,
    delete: remove,
    removeLeftovers,
    check,
    close: async () => client.destroy(),
  };
}

const ABSENT = { IfNoneMatch: '*' };

const md5 = (content: Uint8Array): string => createHash('md5').update(content).digest('base64');

/** Undefined for "there is no such thing"; anything else stays an error. */
function absent(error: unknown): undefined {
  if (error instanceof Error && ['NoSuchKey', 'NoSuchUpload', 'NotFound'].includes(error.name)) return undefined;
  throw error;
}

function createClient(options: S3StoreOptions): S3Client {
  const { endpoint, credentials } = options;
  const fallback = endpoint === undefined ? 'us-east-1' : 'auto';
  return new S3Client({
    region: options.region ?? process.env['AWS_REGION'] ?? fallback,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: options.forcePathStyle ?? false,
    // Retries are ours: bodies are whole buffers, and a condition must know that an earlier attempt may have landed.
    maxAttempts: 1,
    // Newer checksums are not understood by every compatible store; Content-MD5 is.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: options.idleTimeoutMs ?? IDLE_MS,
      httpAgent: { keepAlive: true, maxSockets: 32 },
      httpsAgent: { keepAlive: true, maxSockets: 32 },
    },
  });
}
