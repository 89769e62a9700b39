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
  return new S3Store(options);
}

class S3Store implements ObjectStore {
  readonly location: string;
  readonly #options: S3StoreOptions;
  readonly #client: S3Client;
  readonly #place: S3Place;
  /** Before every key. */
  readonly #root: string;
  readonly #retry: RetryLimits;

  constructor(options: S3StoreOptions) {
    const { bucket, prefix = '', endpoint } = options;
    this.#options = options;
    this.#client = createClient(options);
    this.#place = { bucket, endpoint: endpoint ?? 'AWS' };
    this.#root = prefix === '' ? '' : `${prefix}/`;
    this.#retry = { ...RETRY, ...options.retry };
    this.location = `s3://${bucket}/${this.#root}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  }

  async putStream(
    key: string,
    content: AsyncIterable<Uint8Array>,
    given: PutStreamOptions = {},
  ): Promise<StoredObject> {
    const measured = measure(content);
    await uploadParts(measured.content, {
      client: this.#client,
      bucket: this.#place.bucket,
      key: this.#nameOf(key),
      partBytes: this.#options.partBytes ?? 8 * MIB,
      parallelParts: this.#options.parallelParts ?? 4,
      signal: given.signal,
      call: (work, signal) => this.#call(`writing ${key}`, work, signal),
    });
    return { key, ...measured.facts() };
  }

  put(key: string, content: Uint8Array, condition: PutCondition): Promise<string> {
    const only = condition === 'always' ? {} : condition === 'absent' ? ABSENT : { IfMatch: condition.version };
    const Key = this.#nameOf(key);
    const command = { Bucket: this.#place.bucket, Key, Body: content, ContentMD5: md5(content), ...only };
    return withRetries(this.#retry, undefined, async (attempt) => {
      try {
        const answer = await this.#once(`writing ${key}`, () => this.#client.send(new PutObjectCommand(command)));
        return answer.ETag ?? '';
      } catch (error) {
        // If-Match on what has gone meanwhile is answered with 404.
        const lost = typeof condition === 'string' ? ['STORE_CONFLICT'] : ['STORE_CONFLICT', 'STORE_NOT_FOUND'];
        if (!WeirError.is(error) || !lost.includes(error.code)) throw error;
        // An earlier attempt may have landed with its answer lost: then what is there is ours.
        const found = attempt === 0 ? undefined : await this.get(key);
        if (found !== undefined && Buffer.compare(found.content, content) === 0) return found.version;
        throw new WeirError('STORE_CONFLICT', `${key} was written by someone else`, { fix: 'Read it again.' });
      }
    });
  }

  get(key: string): Promise<SmallObject | undefined> {
    const command = { Bucket: this.#place.bucket, Key: this.#nameOf(key) };
    return this.#call(`reading ${key}`, async () => {
      const answer = await this.#client.send(new GetObjectCommand(command)).catch(absent);
      if (answer?.Body === undefined) return undefined;
      const bytes = answer.ContentLength ?? 0;
      if (bytes > SMALL_OBJECT_BYTES) throw new WeirError('STORE_TOO_LARGE', `${key} has ${bytes} bytes`);
      return { content: await answer.Body.transformToByteArray(), version: answer.ETag ?? '' };
    });
  }

  async *stream(key: string): AsyncGenerator<Uint8Array> {
    const doing = `reading ${key}`;
    const command = { Bucket: this.#place.bucket, Key: this.#nameOf(key) };
    const answer = await this.#call(doing, () => this.#client.send(new GetObjectCommand(command)));
    try {
      for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) yield chunk;
    } catch (error) {
      throw s3Error(error, doing, this.#place);
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const first = { Bucket: this.#place.bucket, Prefix: `${this.#root}${checkPrefix(prefix)}` };
    let after: string | undefined;
    do {
      const page = new ListObjectsV2Command(after === undefined ? first : { ...first, ContinuationToken: after });
      const answer = await this.#call(`listing ${prefix}`, () => this.#client.send(page));
      for (const { Key = '', Size = 0, LastModified } of answer.Contents ?? []) {
        yield { key: Key.slice(this.#root.length), bytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      after = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  async delete(key: string): Promise<void> {
    const command = { Bucket: this.#place.bucket, Key: this.#nameOf(key) };
    await this.#call(`deleting ${key}`, () => this.#client.send(new DeleteObjectCommand(command)));
  }

  async removeLeftovers(olderThanMs: number): Promise<number> {
    const { bucket: Bucket } = this.#place;
    const page = new ListMultipartUploadsCommand({ Bucket, Prefix: this.#root });
    const answer = await this.#call('listing uploads', () => this.#client.send(page));
    const old = (answer.Uploads ?? []).filter(({ Initiated }) => {
      return Date.now() - (Initiated?.getTime() ?? 0) >= olderThanMs;
    });
    for (const { Key, UploadId } of old) {
      const command = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await this.#call('ending an upload', () => this.#client.send(command).catch(absent));
    }
    return old.length;
  }

  async check(): Promise<StoreAbilities> {
    const first = new ListObjectsV2Command({ Bucket: this.#place.bucket, Prefix: this.#root, MaxKeys: 1 });
    await this.#call('listing', () => this.#client.send(first));
    const probe = `_work/check-${randomUUID()}`;
    await this.put(probe, Buffer.from('one'), 'absent');
    const again = await this.put(probe, Buffer.from('two'), 'absent').then(
      () => 'written',
      (error: unknown) => error,
    );
    await this.delete(probe);
    if (again !== 'written' && !(WeirError.is(again) && again.code === 'STORE_CONFLICT')) throw again;
    return { conditionalWrites: again !== 'written' };
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #nameOf(key: string): string {
    return `${this.#root}${checkKey(key)}`;
  }

  #call<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withRetries(this.#retry, signal, () => this.#once(doing, work, signal));
  }

  async #once<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true) throw new WeirError('STORE_CANCELLED', `${doing} was cancelled`);
      throw s3Error(error, doing, this.#place);
    }
  }
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
