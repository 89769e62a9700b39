import { WeirError } from './errors.ts';

/** Throws `WEIR_ASSERTION` when a condition that the code itself guarantees does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new WeirError('WEIR_ASSERTION', message);
}

/** Makes a `switch` exhaustive at compile time and loud at run time. */
export function assertNever(value: never): never {
  throw new WeirError('WEIR_ASSERTION', `unexpected value: ${String(value)}`);
}
