import { PROVIDERS } from '@weir/providers';

/** Every provider answered by the replay provider: its address plus the slug. */
export function demoProviders(replayUrl: string): Record<string, { readonly baseUrl: string }> {
  return Object.fromEntries([...PROVIDERS.keys()].map((slug) => [slug, { baseUrl: `${replayUrl}/${slug}` }]));
}
