/** Options every WeirError takes: what to do about it, and what lay behind it. */
export interface WeirErrorOptions {
  /** True when the same call may succeed later without a change by anyone. Default false. */
  readonly retriable?: boolean;
  /** One sentence that tells the reader what to do. */
  readonly fix?: string;
  readonly cause?: unknown;
  /** Values that help to find the fault; never a secret, never a body. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const brand = Symbol.for('weir.error');

/**
 * The base of every error Weir throws on purpose. Callers switch on `code`, never on the text.
 * Each package lists its codes in its own `errors.ts`; docs/errors.md explains them all (a test keeps both equal).
 */
export class WeirError extends Error {
  readonly code: string;
  readonly retriable: boolean;
  readonly fix: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly [brand] = true;

  constructor(code: string, message: string, options: WeirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WeirError';
    this.code = code;
    this.retriable = options.retriable ?? false;
    this.fix = options.fix;
    this.details = options.details;
  }

  /** True for a WeirError of any installed copy of this package. */
  static is(value: unknown): value is WeirError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** The code of any thrown value: Weir's own, Node's (`ECONNREFUSED`), or `UNKNOWN`. Total over unknown. */
export function errorCode(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string') {
    return value.code;
  }
  return 'UNKNOWN';
}

/** The text of any thrown value. */
export function errorMessage(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}

/** Every code this package throws, with what it means and what to do. */
export const KERNEL_ERRORS = {
  WEIR_ASSERTION:
    'Something that the code itself guarantees did not hold. Please report it with the log lines around it.',
  MONEY_SYNTAX: 'An amount or rate is not a decimal number. Write it like 12.34.',
} as const;
