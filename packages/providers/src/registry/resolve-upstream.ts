import { WeirError } from '@weir/kernel';
import { customSlug, findProvider, type ProviderSpec } from './provider-registry.ts';

export interface ResolveOptions {
  /** Custom providers of the configuration, by slug without `custom-`. */
  readonly customProviders?: Readonly<Record<string, { readonly baseUrl: string }>>;
  /** Replaces scheme, host and fixed prefix; a version segment at its end is not repeated. */
  readonly baseUrlOverride?: string;
  /** Cloudflare account id: needed by `workers-ai`. */
  readonly accountId?: string;
}

export type ResolvedUpstream =
  | {
      readonly ok: true;
      readonly url: string;
      /** Path and query of `url`, percent-encoding as the client sent it. */
      readonly path: string;
      /** Region named by the path; '' when none is. */
      readonly region: string;
    }
  | { readonly ok: false; readonly error: WeirError };

interface Target {
  readonly origin: string;
  /** Path after the host, or after the override when there is one; leading slash. */
  readonly path: string;
  readonly region?: string;
}

// A host label: nothing in it can end the host and redirect the credential elsewhere.
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
// An encoded slash counts as one: a provider that decodes before it resolves would leave the fixed prefix of its base URL.
const DOT_SEGMENT = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/?#]|%2f|%5c)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be refused
const UNSAFE = /[\u0000-\u0020\u007f\\#]/;

/**
 * Builds the upstream URL for everything after `/{provider}/` (with or without the version segment). Never throws:
 * errors are `PROVIDER_UNKNOWN`, `UPSTREAM_PATH_INVALID`, `UPSTREAM_HOST_INVALID`, `UPSTREAM_ACCOUNT_MISSING`.
 * Rules: reference cloudflare-ai-gateway.md §1.2 and §1.8.
 */
export function resolveUpstream(slug: string, rest: string, options: ResolveOptions = {}): ResolvedUpstream {
  const path = rest.startsWith('/') ? rest.slice(1) : rest;
  const queryStart = path.indexOf('?');
  const bare = queryStart < 0 ? path : path.slice(0, queryStart);
  if (UNSAFE.test(path) || DOT_SEGMENT.test(bare)) {
    return fail('UPSTREAM_PATH_INVALID', 'the path contains a dot segment, a backslash or a control character');
  }
  const custom = customSlug(slug);
  if (custom !== '') return resolveCustom(custom, path, options);
  const spec = findProvider(slug);
  if (spec === undefined) return fail('PROVIDER_UNKNOWN', `no provider is called "${slug}"`);
  const target = targetOf(spec, path, options);
  if (target instanceof WeirError) return { ok: false, error: target };
  if (options.baseUrlOverride !== undefined) return withBase(options.baseUrlOverride, target, spec);
  const full = `${spec.prefix}${target.path}`;
  return { ok: true, url: target.origin + full, path: full, region: target.region ?? '' };
}

/** True when fal's `x-fal-target-url` may replace the target: https, a host of fal's own, no port, no user. */
export function isAllowedFalTarget(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, username, password } = new URL(url);
  const ofFal = ['fal.run', 'fal.ai'].some((host) => hostname === host || hostname.endsWith(`.${host}`));
  return protocol === 'https:' && port === '' && username === '' && password === '' && ofFal;
}

function fail(code: string, message: string, fix?: string): { ok: false; error: WeirError } {
  return { ok: false, error: new WeirError(code, message, fix === undefined ? {} : { fix }) };
}

function resolveCustom(name: string, path: string, options: ResolveOptions): ResolvedUpstream {
  const configured = options.customProviders;
  const custom = configured !== undefined && Object.hasOwn(configured, name) ? configured[name] : undefined;
  if (custom === undefined) {
    return fail('PROVIDER_UNKNOWN', `no custom provider is called "${name}"`, `Configure providers.custom-${name}.`);
  }
  return withBase(options.baseUrlOverride ?? custom.baseUrl, { origin: '', path: `/${path}` });
}

function withBase(base: string, target: Target, spec?: ProviderSpec): ResolvedUpstream {
  const trimmed = base.replace(/\/+$/, '');
  const version = spec?.versions.find((candidate) => trimmed.endsWith(`/${candidate}`));
  const repeated = version !== undefined && target.path.startsWith(`/${version}/`);
  const url = trimmed + (repeated ? target.path.slice(version.length + 1) : target.path);
  if (!URL.canParse(url)) return fail('UPSTREAM_PATH_INVALID', 'the base URL of the provider is not a URL');
  const hostStart = url.indexOf('://') + 3;
  const pathStart = url.indexOf('/', hostStart);
  const host = pathStart < 0 ? url.slice(hostStart) : url.slice(hostStart, pathStart);
  const path = pathStart < 0 ? '/' : url.slice(pathStart);
  return { ok: true, url, path, region: regionOfHost(host) || (target.region ?? '') };
}

const HOSTS_WITH_REGION: readonly RegExp[] = [
  /^([a-z]{2})\.api\.openai\.com$/,
  /^([a-z0-9-]+)-aiplatform\.googleapis\.com$/,
  /^aiplatform\.([a-z]{2})\.rep\.googleapis\.com$/,
  /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/,
];

/** The region or residency that a provider's own host is for, where its name says so: it decides the price. */
function regionOfHost(host: string): string {
  for (const pattern of HOSTS_WITH_REGION) {
    const region = pattern.exec(host)?.[1];
    if (region !== undefined) return region;
  }
  return '';
}

function targetOf(spec: ProviderSpec, path: string, options: ResolveOptions): Target | WeirError {
  switch (spec.slug) {
    case 'azure-openai':
      return azureTarget(path);
    case 'aws-bedrock':
      return bedrockTarget(path);
    case 'google-vertex-ai':
      return vertexTarget(spec, path);
    case 'workers-ai':
      return workersAiTarget(spec, path, options);
    case 'huggingface':
      return { origin: spec.origin, path: huggingfacePath(path) };
    case 'baseten':
      return basetenTarget(spec, path);
    default:
      return { origin: spec.origin, path: versionedPath(spec, path) };
  }
}

/** Adds the default version unless the path brings one; drops a fixed prefix the client repeated. */
function versionedPath(spec: ProviderSpec, path: string): string {
  const prefix = spec.prefix === '' ? '' : `${spec.prefix.slice(1)}/`;
  const rest = prefix !== '' && path.startsWith(prefix) ? path.slice(prefix.length) : path;
  const first = rest.split(/[/?]/, 1)[0] ?? '';
  if (spec.defaultVersion === '' || spec.versions.includes(first)) return `/${rest}`;
  return `/${spec.defaultVersion}/${rest}`;
}

function azureTarget(path: string): Target | WeirError {
  const [resource = '', deployment = ''] = path.split(/[/?]/, 2);
  const form = 'azure-openai/{resource}/{deployment}/chat/completions?api-version=…';
  if (!HOST_LABEL.test(resource)) return hostError('resource', resource, form);
  const rest = path.slice(resource.length + 1);
  if (rest.startsWith('models/')) return { origin: `https://${resource}.services.ai.azure.com`, path: `/${rest}` };
  const origin = `https://${resource}.openai.azure.com`;
  // The SDK forms carry the whole path: /openai/v1/… and /openai/deployments/{deployment}/….
  if (/^openai\/(?:v1|deployments|responses)(?:[/?]|$)/.test(rest)) return { origin, path: `/${rest}` };
  if (deployment === '') return new WeirError('UPSTREAM_PATH_INVALID', 'the path names no deployment', { fix: form });
  return { origin, path: `/openai/deployments/${rest}` };
}

const BEDROCK_HOSTS: Readonly<Record<string, string>> = {
  'bedrock-runtime': 'amazonaws.com',
  'bedrock-agent-runtime': 'amazonaws.com',
  bedrock: 'amazonaws.com',
  'bedrock-mantle': 'api.aws',
};

function bedrockTarget(path: string): Target | WeirError {
  const [service = '', region = ''] = path.split(/[/?]/, 2);
  const form = 'aws-bedrock/bedrock-runtime/{region}/model/{id}/{verb}';
  const domain = Object.hasOwn(BEDROCK_HOSTS, service) ? BEDROCK_HOSTS[service] : undefined;
  if (domain === undefined) {
    return new WeirError('UPSTREAM_PATH_INVALID', 'the path names no Bedrock service', { fix: form });
  }
  if (!HOST_LABEL.test(region)) return hostError('region', region, form);
  const rest = path.slice(service.length + region.length + 2);
  return { origin: `https://${service}.${region}.${domain}`, path: `/${rest}`, region };
}

function vertexTarget(spec: ProviderSpec, path: string): Target | WeirError {
  const versioned = versionedPath(spec, path);
  const region = /\/locations\/([^/?]*)/.exec(versioned)?.[1] ?? 'global';
  if (!HOST_LABEL.test(region)) return hostError('location', region, 'v1/projects/{project}/locations/{location}/…');
  const host = vertexHost(region);
  return { origin: `https://${host}`, path: versioned, region };
}

function vertexHost(region: string): string {
  if (region === 'global') return 'aiplatform.googleapis.com';
  // The multi-regions have hosts of another form than the regions.
  if (region === 'us' || region === 'eu') return `aiplatform.${region}.rep.googleapis.com`;
  return `${region}-aiplatform.googleapis.com`;
}

function workersAiTarget(spec: ProviderSpec, path: string, options: ResolveOptions): Target | WeirError {
  const accountId = options.accountId ?? '';
  if (!HOST_LABEL.test(accountId)) {
    return new WeirError('UPSTREAM_ACCOUNT_MISSING', 'workers-ai needs a Cloudflare account id', {
      fix: 'Set the Cloudflare account id of the gateway.',
    });
  }
  const rest = path.startsWith('@') || path.startsWith('%40') ? `run/${path}` : path;
  return { origin: spec.origin, path: `/client/v4/accounts/${accountId}/ai/${rest}` };
}

function huggingfacePath(path: string): string {
  const [first = '', second = ''] = path.split(/[/?]/, 2);
  if (first === 'v1' || first === 'hf-inference' || second === 'v1') return `/${path}`;
  return `/hf-inference/models/${path.startsWith('models/') ? path.slice('models/'.length) : path}`;
}

function basetenTarget(spec: ProviderSpec, path: string): Target | WeirError {
  if (!path.startsWith('model/')) return { origin: spec.origin, path: versionedPath(spec, path) };
  const id = path.split(/[/?]/, 2)[1] ?? '';
  if (!HOST_LABEL.test(id)) return hostError('model id', id, 'baseten/model/{id}');
  const rest = path.slice('model/'.length + id.length);
  const bare = rest === '' || rest === '/' || rest.startsWith('?');
  const predict = `/production/predict${rest.startsWith('?') ? rest : ''}`;
  return { origin: `https://model-${id}.api.baseten.co`, path: bare ? predict : rest };
}

function hostError(what: string, value: string, form: string): WeirError {
  return new WeirError('UPSTREAM_HOST_INVALID', `"${value.slice(0, 80)}" is not a valid ${what}`, { fix: form });
}
