import type { IncomingHttpHeaders } from 'node:http';
import type { GatewaySettings } from '../gateways/gateway-settings.ts';
import { type CallMetadata, withOwnerMetadata } from '../wire/call-metadata.ts';
import type { CallTarget } from '../wire/call-target.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { ClientAccounts } from './client-accounts.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import type { Token, TokenBook } from './token-book.ts';

/** Tokens and keys of one version of the configuration. */
export interface Identity {
  readonly tokens: TokenBook;
  readonly keys: KeyStore;
  /** Service accounts that clients send themselves. */
  readonly accounts: ClientAccounts;
}

/** Who calls, and with what the call goes on. */
export interface Admission {
  /** As resolved; without a token that stood in its query. */
  readonly target: CallTarget;
  /** With the token's own entries. */
  readonly metadata: CallMetadata;
  readonly token: Token | undefined;
  /** Undefined: the client's own key goes on as it came. */
  readonly key: StoredKey | undefined;
}

export type AdmitResult = Admission | { readonly refusal: Refusal };

const DEFAULT_ALIAS = 'default';
const UNAUTHORIZED: { readonly refusal: Refusal } = {
  refusal: { code: 'INGRESS_UNAUTHORIZED', detail: 'A valid gateway token is needed.' },
};
const QUERY_KEY = /([?&])key=([^&]*)(&|$)/;

/** Where a call goes before its provider is known, as that of a universal call. */
export interface CallPlace {
  readonly account: string;
  readonly gateway: string;
  readonly settings: GatewaySettings;
}

/** Who makes a universal call: each of its steps is admitted for itself, with this caller where it names none. */
export function admitCaller(
  { tokens }: Identity,
  headers: IncomingHttpHeaders,
  place: CallPlace,
  now: number,
): { readonly token: Token | undefined } | { readonly refusal: Refusal } {
  if (tokens.size === 0 && !place.settings.authentication) return { token: undefined };
  const presented = one(headers['cf-aig-authorization']);
  const token = tokens.find(presented === '' ? (headers.authorization ?? '') : presented);
  if (token === undefined) return place.settings.authentication ? UNAUTHORIZED : { token };
  const refusal = refusalOf(token, place, '', now);
  return refusal === undefined ? { token } : { refusal };
}

/**
 * Decides who may call (reference: cloudflare-ai-gateway.md §1.3, §8.1, §8.3, §8.4). `cf-aig-authorization` names the
 * caller; without it, the provider's own key header (or `authorization`, or `?key=`) may hold a token of Weir's instead
 * of a provider key. A token never goes upstream. A client's own provider key goes before a stored one.
 */
export function admit(
  identity: Identity,
  headers: IncomingHttpHeaders,
  target: CallTarget,
  metadata: CallMetadata,
  now: number,
  caller?: Token,
): AdmitResult {
  const { tokens, keys, accounts } = identity;
  // Looked for on the one path where the contract allows it.
  const sentAccount = target.provider === 'google-vertex-ai' ? accounts(headers.authorization ?? '') : undefined;
  if (tokens.size === 0 && keys.size === 0 && !target.settings.authentication) {
    return { target, metadata, token: undefined, key: sentAccount };
  }
  const sent = readCredentials(tokens, headers, target);
  const presented = one(headers['cf-aig-authorization']);
  const token = presented === '' ? (sent.token ?? caller) : tokens.find(presented);
  if (token === undefined) {
    if (target.settings.authentication) return UNAUTHORIZED;
  } else {
    const refusal = refusalOf(token, target, target.provider, now);
    if (refusal !== undefined) return { refusal };
  }
  const clean = sent.token === undefined ? target : withoutTokens(target, sent);
  const described = token === undefined ? metadata : withOwnerMetadata(metadata, token.metadata);
  const admission: Admission = { target: clean, metadata: described, token, key: sentAccount };
  return sent.clientKey ? admission : withStoredKey(keys, headers, admission, sent);
}

/** `provider` is '' where it is not known yet. */
function refusalOf(token: Token, place: CallPlace, provider: string, now: number): Refusal | undefined {
  if (!token.enabled || now >= token.expiresAt) {
    return {
      code: 'INGRESS_UNAUTHORIZED',
      detail: token.enabled ? 'The token has expired.' : 'The token is disabled.',
    };
  }
  const denied = (what: string): Refusal => ({ code: 'INGRESS_DENIED', detail: `The token may not call ${what}.` });
  if (!token.account(place.account)) return denied('this account');
  if (!token.gateway(place.gateway)) return denied('this gateway');
  if (provider !== '' && !token.provider(provider)) return denied('this provider');
  return undefined;
}

function withStoredKey(
  keys: KeyStore,
  headers: IncomingHttpHeaders,
  admission: Admission,
  sent: SentCredentials,
): AdmitResult {
  const { target, token } = admission;
  const asked = headers['cf-aig-byok-alias'];
  const alias = typeof asked === 'string' && asked !== '' ? asked : DEFAULT_ALIAS;
  const found = keys.find(target.provider, alias);
  const key = found !== undefined && mayUse(found, alias, target, token) ? found : undefined;
  // Headers of the configuration may hold the provider's key as well.
  const needed = asked !== undefined || (sent.token !== undefined && !sent.configured);
  if (key === undefined && needed) {
    const name = alias.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64);
    const message = `Provider '${target.provider}' has no BYOK credential named '${name}'.`;
    return { refusal: { code: 'INGRESS_KEY_UNKNOWN', detail: message, message } };
  }
  return { ...admission, key };
}

function mayUse(key: StoredKey, alias: string, target: CallTarget, token: Token | undefined): boolean {
  return key.gateway(target.gateway) && (token === undefined ? key.withoutToken : token.keyAlias(alias));
}

/** What of the provider's own credential headers, and of `?key=`, is a token, and whether any is a provider's key. */
interface SentCredentials {
  /** The first token among them. */
  readonly token: Token | undefined;
  /** Headers that hold a token. */
  readonly tokenHeaders: readonly string[];
  readonly tokenInQuery: boolean;
  readonly clientKey: boolean;
  /** The configuration gives the provider headers of its own. */
  readonly configured: boolean;
}

function readCredentials(tokens: TokenBook, headers: IncomingHttpHeaders, target: CallTarget): SentCredentials {
  const { credentialHeaders, ownHeaders } = target;
  const tokenHeaders: string[] = [];
  let token: Token | undefined;
  let clientKey = false;
  const look = (value: string): boolean => {
    const found = tokens.find(value);
    token ??= found;
    clientKey ||= found === undefined;
    return found !== undefined;
  };
  const names = credentialHeaders.includes('authorization')
    ? credentialHeaders
    : [...credentialHeaders, 'authorization'];
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '' && look(value)) tokenHeaders.push(name);
  }
  const inQuery = QUERY_KEY.exec(target.path)?.[2];
  const tokenInQuery = inQuery !== undefined && look(inQuery);
  return { token, tokenHeaders, tokenInQuery, clientKey, configured: ownHeaders !== undefined };
}

/** A token must not reach the provider, whoever the caller is. */
function withoutTokens(target: CallTarget, sent: SentCredentials): CallTarget {
  const taken = Object.fromEntries(sent.tokenHeaders.map((name) => [name, '']));
  return {
    ...target,
    ownHeaders: { ...taken, ...target.ownHeaders },
    path: sent.tokenInQuery ? withoutKey(target.path) : target.path,
  };
}

/** Path and query without `key=…`. */
function withoutKey(path: string): string {
  return path.replace(QUERY_KEY, (_, before: string, _key: string, after: string) => (after === '&' ? before : ''));
}

const one = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');
