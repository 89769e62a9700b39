import { errorCode, errorMessage, WeirError } from '@weir/kernel';
import type { OBJECT_STORE_ERRORS } from '../../errors.ts';

interface Classified {
  readonly code: keyof typeof OBJECT_STORE_ERRORS;
  readonly retriable: boolean;
  readonly fix: string;
}

/** What the errors are about, for messages. */
export interface S3Place {
  readonly bucket: string;
  /** The endpoint as configured, or AWS. */
  readonly endpoint: string;
}

const byName: readonly (readonly [RegExp, Classified['code'], boolean])[] = [
  [/^NoSuchBucket$/, 'STORE_BUCKET_MISSING', false],
  [/^(RequestTimeTooSkewed|RequestExpired)$/, 'STORE_CLOCK', false],
  [/^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/, 'STORE_REGION', false],
  [
    /^(AccessDenied|AllAccessDisabled|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|Unauthorized|CredentialsProviderError|\w*UserNotFound)$/,
    'STORE_ACCESS_DENIED',
    false,
  ],
  [/^(PreconditionFailed)$/, 'STORE_CONFLICT', false],
  [/^(ConditionalRequestConflict|OperationAborted)$/, 'STORE_OVERLOADED', true],
  [/^(SlowDown|Throttling|ThrottlingException|RequestLimitExceeded|TooManyRequests|Reduce)/, 'STORE_OVERLOADED', true],
  [/^(NoSuchKey|NotFound|NoSuchUpload)$/, 'STORE_NOT_FOUND', false],
  [/^(AbortError)$/, 'STORE_CANCELLED', false],
  [/^(TimeoutError|RequestTimeout|NetworkingError|IncompleteBody|BadDigest)$/, 'STORE_UNREACHABLE', true],
];
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_PREMATURE_CLOSE|ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|HPE_)/;

/** A WeirError for anything the SDK throws. The SDK's own error holds signed headers, so its words only are kept (I8). */
export function s3Error(error: unknown, doing: string, place: S3Place): WeirError {
  if (WeirError.is(error)) return error;
  const name = error instanceof Error ? error.name : 'Unknown';
  const { code, retriable, fix } = classify(name, errorCode(error), statusOf(error), place);
  const words = `${name}: ${errorMessage(error) || errorCode(error)}`;
  return new WeirError(code, `${doing} in bucket "${place.bucket}" (${place.endpoint}) failed: ${words}`, {
    retriable,
    fix,
    cause: new Error(words),
    details: { status: statusOf(error) },
  });
}

function classify(name: string, code: string, status: number | undefined, place: S3Place): Classified {
  const known = byName.find(([pattern]) => pattern.test(name));
  if (known !== undefined) return { code: known[1], retriable: known[2], fix: fixOf(known[1], place) };
  if (NETWORK.test(code) || NETWORK.test(name)) return unreachable(place);
  if (status === undefined) return { ...unreachable(place), code: 'STORE_FAILED' };
  const [kind, retriable] = byStatus(status);
  return { code: kind, retriable, fix: fixOf(kind, place) };
}

function byStatus(status: number): readonly [Classified['code'], boolean] {
  if (status === 429 || status === 503) return ['STORE_OVERLOADED', true];
  if (status >= 500) return ['STORE_SERVER_ERROR', true];
  if (status === 408) return ['STORE_UNREACHABLE', true];
  if (status === 401 || status === 403) return ['STORE_ACCESS_DENIED', false];
  if (status === 412) return ['STORE_CONFLICT', false];
  if (status === 404) return ['STORE_NOT_FOUND', false];
  return [status === 301 ? 'STORE_REGION' : 'STORE_FAILED', false];
}

const unreachable = (place: S3Place): Classified => ({
  code: 'STORE_UNREACHABLE',
  retriable: true,
  fix: fixOf('STORE_UNREACHABLE', place),
});

function fixOf(code: Classified['code'], { bucket, endpoint }: S3Place): string {
  switch (code) {
    case 'STORE_BUCKET_MISSING':
      return `Create the bucket "${bucket}" at ${endpoint}, or correct its name in the URL.`;
    case 'STORE_ACCESS_DENIED':
      return 'Check export.access_key_id and export.secret_access_key (or the environment’s AWS credentials) and that their policy allows list, get, put, delete and multipart on this bucket.';
    case 'STORE_REGION':
      return 'Set region= of the bucket in the URL (R2: region=auto), and endpoint= when it is not AWS.';
    case 'STORE_CLOCK':
      return 'Set the clock of this machine (NTP).';
    case 'STORE_UNREACHABLE':
      return `Check that ${endpoint} can be reached from here: address, network, proxy, TLS.`;
    case 'STORE_OVERLOADED':
    case 'STORE_SERVER_ERROR':
      return 'Nothing is needed when it passes: Weir tries again later.';
    default:
      return 'See the message of the store.';
  }
}

function statusOf(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata;
  return typeof metadata?.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
