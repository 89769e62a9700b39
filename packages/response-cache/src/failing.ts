import { errorMessage, WeirError } from '@weir/kernel';

/** Does it; what fails becomes `CACHE_FAILED`, which may be tried again. `where` stands before the reason. */
export async function failing<Result>(where: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (WeirError.is(cause)) throw cause;
    throw new WeirError('CACHE_FAILED', where + errorMessage(cause), { cause, retriable: true });
  }
}
