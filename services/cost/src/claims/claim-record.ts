import { WeirError } from '@weir/kernel';
import type { Claim } from './claim-book.ts';

/** The internal topic whose order decides who books usage that several answers show: one partition, so that it is one. */
export const CLAIMS_TOPIC = 'weir.usage-claims';

/** JSON, because only this service reads it; `v` tells later forms apart. */
export const encodeClaim = ({ owner, digests }: Claim): Buffer =>
  Buffer.from(JSON.stringify({ v: 1, owner, ids: digests }));

/** @throws WeirError `CLAIMS_CORRUPT`. */
export function decodeClaim(value: Uint8Array): Claim {
  try {
    const { v, owner, ids } = JSON.parse(Buffer.from(value).toString('utf8')) as Readonly<Record<string, unknown>>;
    if (v === 1 && typeof owner === 'string' && Array.isArray(ids)) return { owner, digests: ids as string[] };
  } catch (cause) {
    throw new WeirError('CLAIMS_CORRUPT', 'a record is not JSON', { cause });
  }
  throw new WeirError('CLAIMS_CORRUPT', 'a record is of no known form');
}
