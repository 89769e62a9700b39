import { type PriceBook, providerKey } from '../compile-price-book.ts';

/** A model name without the wrapping that clouds, routers and logs put around it. */
export interface NormalizedModel {
  /** Canonical provider id; null when none was given and none could be told. */
  readonly provider: string | null;
  /** True when a provider was named that the book does not know. */
  readonly unknownProvider: boolean;
  /** Lower case. */
  readonly name: string;
}

/** Names of proxies that say nothing about who serves the model. */
const NO_PROVIDER = new Set(['', 'litellm', 'litellm_proxy', 'proxy']);
const PUBLISHER_PATH = /^(?:projects\/.*\/)?publishers\/[^/]+\/models\//;

/**
 * Steps 2 to 4 of the matching rule (reference: pricing.md §2.3): trims and lower-cases, drops resource paths, ARN heads and the
 * tail of a fine-tune, finds the provider by its spelling, by the first part of the path, or by the vendor's name rule.
 */
export function normalizeModel(book: PriceBook, provider: string | null, model: string): NormalizedModel {
  const key = providerKey(provider ?? '');
  let name = model.trim().toLowerCase();
  let fromName: string | null = null;
  if (name.startsWith('arn:')) {
    if (name.includes(':bedrock:')) fromName = 'bedrock';
    name = name.slice(name.lastIndexOf('/') + 1);
  }
  // Only Vertex AI names models by their publisher.
  if (PUBLISHER_PATH.test(name)) fromName = 'vertex_ai';
  name = name.replace(PUBLISHER_PATH, '').replace(/^models\//, '');
  if (!NO_PROVIDER.has(key)) {
    const known = book.providerIds.get(key) ?? null;
    return { provider: known, unknownProvider: known === null, name: dropFineTuneTail(name) };
  }
  const slash = name.indexOf('/');
  const prefix = slash > 0 ? book.providerIds.get(providerKey(name.slice(0, slash))) : undefined;
  if (fromName === null && prefix !== undefined) {
    return { provider: prefix, unknownProvider: false, name: dropFineTuneTail(name.slice(slash + 1)) };
  }
  name = dropFineTuneTail(name);
  const inferred = fromName ?? book.inferRules.find(({ pattern }) => pattern.test(name))?.provider ?? null;
  return { provider: inferred, unknownProvider: false, name };
}

/** `ft:gpt-4o-2024-08-06:acme:tone:abc` to `ft:gpt-4o-2024-08-06`. */
function dropFineTuneTail(name: string): string {
  return name.startsWith('ft:') ? name.split(':', 2).join(':') : name;
}
