import { createHash } from 'node:crypto';
import type { RequestEvent } from '@weir/events';
import { addUsage, type UsageClaim } from '@weir/providers';
import type { RequestFacts } from '../request-facts.ts';
import { READ_ONLY_METHODS, REPEATED_USAGE } from '../unbilled-reason.ts';
import type { Claim } from './claim-book.ts';

const DAY_MS = 86_400_000;
/** So long a claim is remembered. */
export const CLAIM_HORIZON_MS = 45 * DAY_MS;
/** Answers that are older when they are shown are not booked: their claims may be forgotten, by a service that lags. */
const BOOKED_WITHIN_MS = CLAIM_HORIZON_MS - 5 * DAY_MS;
/** Providers that remove results sooner than claims are forgotten, so that a result without a time is young enough. */
const REMOVES_RESULTS = new Set(['anthropic', 'google-ai-studio']);

/** Bytes of a digest: that two of a million ids share one is as likely as 1 in 10^17. */
const DIGEST_BYTES = 12;

/** Whether the usage of an exchange is booked by whoever shows it first. */
export const isClaimed = ({ claim, usageParts }: RequestFacts): boolean =>
  claim !== undefined || usageParts[0]?.claim !== undefined;

/**
 * What to claim for an event; undefined when it may not book at all, with `why` among the flags: part of the results is
 * missing, or they are so old that an earlier claim may be forgotten.
 */
export function claimFor(
  event: RequestEvent,
  facts: RequestFacts,
): { readonly claim: Claim; readonly why: '' } | { readonly claim: undefined; readonly why: string } {
  const refused = (why: string) => ({ claim: undefined, why });
  if (facts.flags.includes('results_cut')) return refused('results_cut');
  const claims = facts.claim === undefined ? facts.usageParts.map(({ claim }) => claim) : [facts.claim];
  const bookedFromMs = event.ts + event.duration_us / 1_000 - BOOKED_WITHIN_MS;
  // What a call makes is as new as the call, whatever its provider's clock says.
  const isRetrieval = READ_ONLY_METHODS.has(event.method);
  for (const claim of claims) {
    if (claim === undefined) return refused('result_without_id');
    if (!isRetrieval) continue;
    if (claim.madeAtMs === null && !REMOVES_RESULTS.has(event.provider)) return refused('result_without_time');
    if ((claim.madeAtMs ?? bookedFromMs) < bookedFromMs) return refused('result_too_old');
  }
  const known = claims.filter((claim): claim is UsageClaim => claim !== undefined);
  return { claim: { owner: event.request_id, digests: known.map(({ id }) => digestOf(event.provider, id)) }, why: '' };
}

const digestOf = (provider: string, id: string): string =>
  createHash('sha256').update(`${provider}\n${id}`).digest().toString('base64url', 0, DIGEST_BYTES);

/** The facts of what an event books itself, by the owners of what it claimed. */
export function ownUsage(
  facts: RequestFacts,
  { owner: self, digests }: Claim,
  owners: readonly (string | undefined)[],
): RequestFacts {
  if (owners.includes(undefined)) return notBooked(facts, 'claims_full');
  // A file that names a result twice shows it twice.
  const seen = new Set<string>();
  const isOwn = digests.map((digest, index) => {
    const own = owners[index] === self && !seen.has(digest);
    seen.add(digest);
    return own;
  });
  if (!isOwn.includes(true)) return notBooked(facts, 'booked_elsewhere');
  const flags = facts.flags.filter((flag) => flag !== REPEATED_USAGE);
  if (!isOwn.includes(false)) return { ...facts, flags };
  return { ...facts, ...partsOf(facts, isOwn), flags: [...flags, 'booked_elsewhere_in_part'] };
}

/** The facts of an event that books nothing of what it shows. */
export const notBooked = (facts: RequestFacts, why: string): RequestFacts => ({
  ...facts,
  flags: [...new Set([...facts.flags, REPEATED_USAGE, why])],
});

function partsOf(facts: RequestFacts, isOwn: readonly boolean[]) {
  const usageParts = facts.usageParts.filter((_part, index) => isOwn[index]);
  const [first, ...rest] = usageParts.map(({ usage }) => usage);
  const usage = first === undefined ? null : rest.reduce(addUsage, first);
  // What the provider said that all of them cost is not what these cost.
  return { usageParts, usage, usageRaw: rawOf(facts, isOwn), reportedCostUsd: '' };
}

/** The usage objects of the parts that are booked; all of them where they cannot be told apart. */
function rawOf({ usageRaw, usageParts }: RequestFacts, isOwn: readonly boolean[]): string {
  const raw: unknown = JSON.parse(usageRaw);
  if (!Array.isArray(raw) || raw.length !== usageParts.length) return usageRaw;
  return JSON.stringify(raw.filter((_one, index) => isOwn[index]));
}
