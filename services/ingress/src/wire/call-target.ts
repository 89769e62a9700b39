import { customSlug, findProvider, isAllowedFalTarget, type ResolveOptions, resolveUpstream } from '@weir/providers';
import type { RoutingConfig } from '../config.ts';
import type { GatewaySettings } from '../gateways/gateway-settings.ts';
import type { RoutingTable } from '../gateways/routing-table.ts';
import type { Refusal } from './refusal.ts';

/** Where a call goes. */
export interface CallTarget {
  readonly account: string;
  readonly gateway: string;
  /** How the gateway was set when the call came. */
  readonly settings: GatewaySettings;
  /** Slug of the provider, aliases resolved. */
  readonly provider: string;
  /** Scheme and host of the provider. */
  readonly origin: string;
  readonly host: string;
  /** Region that the path names; '' when it names none. */
  readonly region: string;
  /** Path and query, percent-encoding as the client sent it. */
  readonly path: string;
  readonly credentialHeaders: readonly string[];
  /** Headers that the configuration gives this provider; undefined for nearly all. */
  readonly ownHeaders: OwnHeaders | undefined;
}

/** Request headers of a custom provider, names in lower case; they replace the client's of the same name. */
export type OwnHeaders = Readonly<Record<string, string>>;

interface PathParts {
  readonly account: string;
  readonly gateway: string;
  readonly slug: string;
  /** From the slash or question mark after the slug on. */
  readonly rest: string;
}

/** A longer request target is resolved each time. */
const CACHED_LENGTH_MAX = 256;
const CACHED_TARGETS_MAX = 1024;
const CUSTOM_CREDENTIALS = ['authorization', 'x-api-key', 'api-key'] as const;
const NAME_LENGTH_MAX = 64;
const NO_PROVIDER = 'The path must be /v1/{account}/{gateway}/{provider}/… or /{provider}/….';

/** Names that Cloudflare serves and this version does not. */
const NOT_SUPPORTED: Readonly<Record<string, string>> = {
  compat: 'The unified API (/compat) is not supported; call the path of the provider.',
  run: 'The run API is not supported; call the path of the provider.',
};

export type ResolveTarget = (url: string, falTarget: string | undefined) => CallTarget | { readonly refusal: Refusal };

/**
 * As `resolveTarget`, for one version of the routing. Applications call few paths, so targets are remembered; none that has a
 * query, which may hold a credential. When there are too many it starts over.
 */
export function createTargetResolver(routing: RoutingTable): ResolveTarget {
  let known = new Map<string, CallTarget>();
  return (url, falTarget) => {
    const found = falTarget === undefined ? known.get(url) : undefined;
    if (found !== undefined) return found;
    const target = resolveTarget(url, routing, falTarget);
    if (falTarget !== undefined || 'refusal' in target || url.length > CACHED_LENGTH_MAX || url.includes('?')) {
      return target;
    }
    if (known.size >= CACHED_TARGETS_MAX) known = new Map();
    known.set(url, target);
    return target;
  };
}

/**
 * Reads a request target in either form and resolves its upstream URL (reference: cloudflare-ai-gateway.md §1.1, §1.2).
 * `falTarget` is the `x-fal-target-url` header, which may name another host of fal.
 */
export function resolveTarget(
  url: string,
  routing: RoutingTable,
  falTarget: string | undefined,
): CallTarget | { readonly refusal: Refusal } {
  const parts = splitTarget(url);
  const unsupported = Object.hasOwn(NOT_SUPPORTED, parts.slug) ? NOT_SUPPORTED[parts.slug] : undefined;
  if (unsupported !== undefined) return refuse('INGRESS_NOT_SUPPORTED', unsupported);
  if (parts.slug === '') return missingProvider(parts);
  const settings = settingsOf(parts, routing);
  if ('refusal' in settings) return settings;
  const { config } = routing;
  const spec = findProvider(parts.slug);
  const provider = spec?.slug ?? parts.slug;
  const upstream =
    provider === 'fal' && falTarget !== undefined ? falUrl(falTarget) : upstreamUrl(provider, parts, config);
  if ('refusal' in upstream) return upstream;
  const { url: address, region } = upstream;
  const pathStart = address.indexOf('/', address.indexOf('://') + 3);
  const origin = pathStart < 0 ? address : address.slice(0, pathStart);
  return {
    account: parts.account,
    gateway: parts.gateway,
    settings,
    provider,
    origin,
    host: origin.slice(origin.indexOf('://') + 3),
    region,
    path: pathStart < 0 ? '/' : address.slice(pathStart),
    credentialHeaders: spec?.credentialHeaders ?? CUSTOM_CREDENTIALS,
    ownHeaders: ownHeadersOf(provider, config),
  };
}

/** The gateway of a universal call: `/v1/{account}/{gateway}`, with or without a slash at its end. */
export interface UniversalTarget {
  readonly account: string;
  readonly gateway: string;
  readonly settings: GatewaySettings;
}

/** Undefined when the path is not that of a universal call. */
export function resolveUniversal(
  url: string,
  routing: RoutingTable,
): UniversalTarget | { readonly refusal: Refusal } | undefined {
  if (!url.startsWith('/v1/')) return undefined;
  const { account, gateway, slug } = splitTarget(url);
  if (account === '' || gateway === '' || slug !== '') return undefined;
  const settings = settingsOf({ account, gateway }, routing);
  return 'refusal' in settings ? settings : { account, gateway, settings };
}

function settingsOf(
  { account, gateway }: Pick<PathParts, 'account' | 'gateway'>,
  routing: RoutingTable,
): GatewaySettings | { refusal: Refusal } {
  const settings = routing.gateway(gateway);
  if (settings === undefined) {
    return refuse('INGRESS_GATEWAY_UNKNOWN', `Gateway "${shown(gateway)}" is not configured.`);
  }
  if (routing.mayCall(account, gateway)) return settings;
  return refuse('INGRESS_ACCOUNT_UNKNOWN', `Account "${shown(account)}" may not call this gateway.`);
}

function ownHeadersOf(provider: string, { customProviders }: RoutingConfig): OwnHeaders | undefined {
  const custom = customSlug(provider);
  const headers =
    custom !== '' && Object.hasOwn(customProviders, custom) ? customProviders[custom]?.headers : undefined;
  // An empty value is a variable that is not set: it sends nothing, and lets the client's header through.
  const set = Object.entries(headers ?? {}).filter(([, value]) => value !== '');
  return set.length === 0 ? undefined : Object.fromEntries(set.map(([name, value]) => [name.toLowerCase(), value]));
}

interface UpstreamAddress {
  readonly url: string;
  readonly region: string;
}

function upstreamUrl(
  provider: string,
  parts: PathParts,
  config: RoutingConfig,
): UpstreamAddress | { refusal: Refusal } {
  const override = Object.hasOwn(config.providers, provider) ? config.providers[provider]?.baseUrl : undefined;
  const options: ResolveOptions = {
    customProviders: config.customProviders,
    accountId: config.workersAiAccountId === '' ? parts.account : config.workersAiAccountId,
    ...(override === undefined ? {} : { baseUrlOverride: override }),
  };
  const resolved = resolveUpstream(provider, parts.rest, options);
  if (resolved.ok) return resolved;
  const { code, message, fix } = resolved.error;
  const detail = fix === undefined ? message : `${message}; ${fix}`;
  if (code !== 'PROVIDER_UNKNOWN') return refuse('INGRESS_PATH_INVALID', detail);
  const custom = customSlug(provider) !== '';
  return refuse('INGRESS_PROVIDER_UNKNOWN', custom ? detail : `No provider is called "${shown(provider)}".`);
}

function falUrl(target: string): UpstreamAddress | { refusal: Refusal } {
  if (isAllowedFalTarget(target)) return { url: new URL(target).href, region: '' };
  return refuse('INGRESS_PATH_INVALID', 'x-fal-target-url must be an https URL of fal.run or fal.ai');
}

function splitTarget(url: string): PathParts {
  if (!url.startsWith('/v1/')) {
    const end = segmentEnd(url, 1);
    return { account: 'default', gateway: 'default', slug: url.slice(1, end), rest: url.slice(end) };
  }
  const accountEnd = segmentEnd(url, 4);
  const gatewayEnd = segmentEnd(url, accountEnd + 1);
  const slugEnd = segmentEnd(url, gatewayEnd + 1);
  return {
    account: url.slice(4, Math.min(accountEnd, 4 + NAME_LENGTH_MAX)),
    gateway: url.slice(accountEnd + 1, gatewayEnd),
    slug: url[gatewayEnd] === '/' ? url.slice(gatewayEnd + 1, slugEnd) : '',
    rest: url.slice(slugEnd),
  };
}

/** Index of the next slash or question mark, or the end. */
function segmentEnd(url: string, from: number): number {
  for (let index = from; index < url.length; index += 1) {
    const code = url.charCodeAt(index);
    if (code === 0x2f || code === 0x3f) return index;
  }
  return url.length;
}

function missingProvider(parts: PathParts): { refusal: Refusal } {
  if (parts.account === 'default' || parts.gateway === '') return refuse('INGRESS_PROVIDER_UNKNOWN', NO_PROVIDER);
  return refuse('INGRESS_NOT_SUPPORTED', `The universal endpoint takes POST. ${NO_PROVIDER}`);
}

const refuse = (code: Refusal['code'], detail: string): { refusal: Refusal } => ({ refusal: { code, detail } });
const shown = (text: string): string => text.slice(0, NAME_LENGTH_MAX);
