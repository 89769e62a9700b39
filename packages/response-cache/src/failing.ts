import { errorMessage, WeirError } from '@weir/kernel';

/** Does it, now or later; what fails becomes `CACHE_FAILED`, which may be tried again. `where` stands before the reason. */
export function failing<Result>(where: string, work: () => Result | Promise<Result>): Result | Promise<Result> {
  const failed = (cause: unknown): never => {
    if (WeirError.is(cause)) throw cause;
    throw new WeirError('CACHE_FAILED', where + errorMessage(cause), { cause, retriable: true });
  };
  try {
    const result = work();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (cause) {
    return failed(cause);
  }
}
