import { WeirError } from '@weir/kernel';

/** What goes wrong with a response. Chunks are writes: a stream has one per event, a JSON body is one. */
export interface Fault {
  /** Answers with this error status and the provider's own error body. */
  readonly status?: number;
  /** Adds `retry-after` in seconds. */
  readonly retryAfterSeconds?: number;
  /** Waits this long, in ms, before the first byte. */
  readonly firstByteMs?: number;
  /** Waits this long, in ms, before each further chunk. */
  readonly chunkMs?: number;
  /** Goes silent after that many chunks, for `stallMs`. */
  readonly stallAfter?: number;
  /** Length of the silence in ms; without it the silence lasts until the client leaves. */
  readonly stallMs?: number;
  /** Resets the connection after that many chunks. */
  readonly cutAfter?: number;
  /** Puts the provider's mid-stream error after that many chunks and ends the stream. */
  readonly errorAfter?: number;
  /** Announces a content-length that is wrong by this many bytes. */
  readonly contentLengthOff?: number;
  /** Sends the status and headers with no body. */
  readonly emptyBody?: boolean;
}

const NAMES = {
  status: 'status',
  'retry-after': 'retryAfterSeconds',
  'first-byte-ms': 'firstByteMs',
  'chunk-ms': 'chunkMs',
  'stall-after': 'stallAfter',
  'stall-ms': 'stallMs',
  'cut-after': 'cutAfter',
  'error-after': 'errorAfter',
  'content-length-off': 'contentLengthOff',
} as const satisfies Record<string, keyof Fault>;

function isName(name: string): name is keyof typeof NAMES {
  return Object.hasOwn(NAMES, name);
}

/**
 * Reads the `x-replay-fault` header: `status=429; retry-after=2`, `cut-after=3`, `empty-body`.
 * @throws WeirError `TESTKIT_FAULT_SYNTAX` for an unknown name or a value that is not an integer.
 */
export function parseFault(header: string): Fault {
  const fault: { -readonly [Key in keyof Fault]: Fault[Key] } = {};
  for (const part of header.split(';')) {
    const [name = '', value = ''] = part.split('=', 2).map((side) => side.trim());
    if (name === '') continue;
    if (name === 'empty-body') {
      fault.emptyBody = true;
      continue;
    }
    if (!isName(name) || !/^-?\d{1,9}$/.test(value)) {
      throw new WeirError('TESTKIT_FAULT_SYNTAX', `cannot read the fault "${part.trim()}"`, {
        fix: `Use ${Object.keys(NAMES).join(', ')} with an integer, or empty-body.`,
      });
    }
    fault[NAMES[name]] = Number.parseInt(value, 10);
  }
  return fault;
}
