import { PROVIDER_SLUGS } from '@weir/providers';

/** Every provider answered by the replay provider: its address plus the slug. */
export function demoProviders(replayUrl: string): Record<string, { readonly baseUrl: string }> {
  return Object.fromEntries(PROVIDER_SLUGS.map((slug) => [slug, { baseUrl: `${replayUrl}/${slug}` }]));
}
