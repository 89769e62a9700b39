import { type Clock, WeirError } from '@weir/kernel';
import { findProvider } from '@weir/providers';
import { bedrockSigner } from './bedrock-signer.ts';
import { type Credential, fixedHeaders } from './credential.ts';
import type { ProviderKeyConfig } from './identity-config.ts';
import { type NameFilter, namesIn } from './name-filter.ts';
import { serviceAccountTokens } from './service-account.ts';

/** A stored key of a provider. */
export interface StoredKey {
  /** `provider/alias`: what the ledger calls it. */
  readonly name: string;
  readonly gateway: NameFilter;
  readonly withoutToken: boolean;
  /** What the fingerprint on the row is made of: the key, or the public name of one that signs. Secret. */
  readonly subject: string;
  readonly credential: Credential;
}

export interface KeyStore {
  readonly size: number;
  find(provider: string, alias: string): StoredKey | undefined;
}

type Keys = Readonly<Record<string, Readonly<Record<string, ProviderKeyConfig>>>>;

/** How the providers that want another word than `Bearer` before the key spell it. */
const SCHEMES: Readonly<Record<string, string>> = { fal: 'Key', deepgram: 'Token' };
const HEADER_VALUE = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

/** @throws WeirError `INGRESS_CONFIG_INVALID` naming the key, never its value. */
export function compileKeys(keys: Keys, clock: Clock): KeyStore {
  const known = new Map<string, StoredKey>();
  for (const [slug, aliases] of Object.entries(keys)) {
    const provider = findProvider(slug)?.slug ?? slug;
    for (const [alias, config] of Object.entries(aliases)) {
      known.set(`${provider}/${alias}`, {
        name: `${provider}/${alias}`,
        gateway: namesIn(config.gateways),
        withoutToken: config.withoutToken,
        subject: [config.key, config.accessKeyId, config.serviceAccount].find((part) => part !== '') ?? '',
        credential: credentialOf(provider, config, `provider_keys.${slug}.${alias}`, clock),
      });
    }
  }
  return { size: known.size, find: (provider, alias) => known.get(`${provider}/${alias}`) };
}

function credentialOf(provider: string, config: ProviderKeyConfig, where: string, clock: Clock): Credential {
  const { key, accessKeyId, secretAccessKey, sessionToken, serviceAccount } = config;
  const invalid = (reason: string): WeirError =>
    new WeirError('INGRESS_CONFIG_INVALID', `${where} ${reason}`, { fix: 'See provider_keys in docs/gateways.md.' });
  if ([key, accessKeyId, serviceAccount].filter((part) => part !== '').length !== 1) {
    throw invalid('needs exactly one of key, access_key_id and service_account');
  }
  if (accessKeyId !== '') {
    if (secretAccessKey === '') throw invalid('has an access_key_id without a secret_access_key');
    return bedrockSigner({ accessKeyId, secretAccessKey, sessionToken });
  }
  if (serviceAccount !== '') return serviceAccountTokens(serviceAccount, `${where}.service_account`, clock);
  if (!HEADER_VALUE.test(key)) throw invalid('has a key that no header can carry');
  return provider === 'aws-bedrock' ? bedrockApiKey(config) : fixedHeaders(keyHeaders(provider, config));
}

/** The key in its header; the other headers that may carry one are taken off. */
function keyHeaders(provider: string, { key, header }: ProviderKeyConfig): Record<string, string> {
  const names = findProvider(provider)?.credentialHeaders ?? ['authorization', 'x-api-key', 'api-key'];
  const name = header === '' ? (names[0] ?? 'authorization') : header;
  const bare = name !== 'authorization' || key.includes(' ');
  const taken = Object.fromEntries([...names, 'authorization'].map((other) => [other, '']));
  return { ...taken, [name]: bare ? key : `${SCHEMES[provider] ?? 'Bearer'} ${key}` };
}

/** The Anthropic API of Bedrock takes a Bedrock key as Anthropic does. */
function bedrockApiKey(config: ProviderKeyConfig): Credential {
  const bearer = keyHeaders('aws-bedrock', config);
  const anthropic = keyHeaders('aws-bedrock', { ...config, header: 'x-api-key' });
  const headers: Credential['headers'] = ({ target }) => (target.path.startsWith('/anthropic/') ? anthropic : bearer);
  return { needsBody: false, headers };
}
