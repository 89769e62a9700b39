import {
  type CompiledProvider,
  type Endpoint,
  type ModelMatch,
  type NamedModel,
  type PriceBook,
  providerKey,
} from '../compile-price-book.ts';
import { normalizeModel } from './normalize-model.ts';

const CACHE_LIMIT = 4096;
const MAX_NAME_LENGTH = 512;
const NOTHING: readonly NamedModel[] = [];
const DATE_SUFFIX = /^(.+?)(?:-20\d{2}-(\d{2})-(\d{2})|[-@]20\d{2}(\d{2})(\d{2})|@(?:default|latest))$/;
const BEDROCK_REGION = /^(us|eu|apac|jp|au|in|ca|sa|us-gov|global)\./;
/** LiteLLM writes the route or the AWS region before the id: `converse/…`, `us-east-1/…`. */
const BEDROCK_PATH = /^(?:(?:converse|converse_like|invoke|[a-z]{2}(?:-gov)?-[a-z]+-\d)\/)+/;

/** Global deployments have the list price; `eu/` and `us/` data zones have their own. */
const AZURE_PATH = /^global(?:-standard)?\//;

/**
 * Finds what a provider and a model name mean in the book: normalised, then exact id or alias, then a declared date
 * suffix or anchored pattern, then a declared fallback provider (flagged). Never by substring. Answers are kept in the
 * book's cache, at most 4,096 of them.
 */
export function matchModel(book: PriceBook, provider: string | null, model: string): ModelMatch {
  const key = `${provider ?? ''}\n${model}`;
  const known = book.matchCache.get(key);
  if (known !== undefined) return known;
  const match = findMatch(book, provider, model);
  if (key.length > MAX_NAME_LENGTH) return match;
  if (book.matchCache.size >= CACHE_LIMIT) {
    for (const oldest of book.matchCache.keys()) {
      book.matchCache.delete(oldest);
      break;
    }
  }
  book.matchCache.set(key, match);
  return match;
}

function findMatch(book: PriceBook, asked: string | null, model: string): ModelMatch {
  if (model.trim() === '') return noMatch('', 'no_model');
  if (model.length > MAX_NAME_LENGTH) return noMatch('', 'unknown_model');
  const { provider: id, unknownProvider, name } = normalizeModel(book, asked, model);
  if (unknownProvider) return noMatch('', 'unknown_provider');
  const provider = id === null ? undefined : book.providers.get(id);
  if (provider === undefined) return noMatch('', 'no_provider');

  const { base, endpoint } = splitEndpoint(provider.id, dropProviderPath(book, provider.id, name));
  const own = findNamed(provider, base);
  if (own.length > 0) return { provider: provider.id, named: own, endpoint, flags: [], reason: '' };

  const bare = dropVendorPath(book, provider, base);
  if (bare !== base) {
    const named = findNamed(provider, bare);
    if (named.length > 0) return { provider: provider.id, named, endpoint, flags: [], reason: '' };
  }
  for (const fallback of provider.fallbacks) {
    const other = book.providers.get(fallback);
    const named = other === undefined ? NOTHING : findNamed(other, bare);
    const flags = ['assumed', `assumed_provider_${fallback}`];
    if (named.length > 0) return { provider: provider.id, named, endpoint: '', flags, reason: '' };
  }
  return noMatch(provider.id, 'unknown_model');
}

function noMatch(provider: string, reason: string): ModelMatch {
  return { provider, named: NOTHING, endpoint: '', flags: [], reason };
}

/** `bedrock/us.anthropic…` sold by bedrock: LiteLLM's prefix says the provider again. Only where ids have prefixes of their own. */
function dropProviderPath(book: PriceBook, provider: string, name: string): string {
  if (provider !== 'bedrock') return name;
  const slash = name.indexOf('/');
  const named = slash > 0 ? book.providerIds.get(providerKey(name.slice(0, slash))) : undefined;
  return named === provider ? name.slice(slash + 1) : name;
}

/** Bedrock's geography prefix decides the price: global endpoints cost less than geo and in-Region ones. */
function splitEndpoint(provider: string, name: string): { base: string; endpoint: Endpoint } {
  if (provider === 'azure') return { base: name.replace(AZURE_PATH, ''), endpoint: '' };
  if (provider !== 'bedrock') return { base: name, endpoint: '' };
  const id = name.replace(BEDROCK_PATH, '');
  const prefix = BEDROCK_REGION.exec(id)?.[1];
  if (prefix === undefined) return { base: id, endpoint: 'in_region' };
  return { base: id.slice(prefix.length + 1), endpoint: prefix === 'global' ? 'global' : 'geo' };
}

/** `openai/gpt-4o` sold by openai, `google/gemini-…` sold by Vertex AI: the vendor is said twice. */
function dropVendorPath(book: PriceBook, provider: CompiledProvider, name: string): string {
  const slash = name.indexOf('/');
  if (slash <= 0) return name;
  const vendor = book.providerIds.get(providerKey(name.slice(0, slash)));
  const isOwn = vendor === provider.id || (vendor !== undefined && provider.fallbacks.includes(vendor));
  return isOwn ? name.slice(slash + 1) : name;
}

function findNamed(provider: CompiledProvider, name: string): readonly NamedModel[] {
  const exact = provider.names.get(name);
  if (exact !== undefined) return exact;
  const base = dropDate(name);
  if (base !== null && provider.datable.has(base)) return provider.names.get(base) ?? NOTHING;
  return provider.patterns.find(({ pattern }) => pattern.test(name))?.named ?? NOTHING;
}

function dropDate(name: string): string | null {
  const [, base = '', month1, day1, month2, day2] = DATE_SUFFIX.exec(name) ?? [];
  if (base === '') return null;
  const month = Number(month1 ?? month2 ?? 1);
  const day = Number(day1 ?? day2 ?? 1);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? base : null;
}
