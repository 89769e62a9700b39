import { type Clock, nearest, systemClock, WeirError } from '@weir/kernel';
import { customSlug, findProvider } from '@weir/providers';
import { INGRESS_DEFAULTS, type RoutingConfig } from '../config.ts';
import type { Identity } from '../identity/admit.ts';
import { createClientAccounts } from '../identity/client-accounts.ts';
import { compileKeys } from '../identity/key-store.ts';
import { compileTokens } from '../identity/token-book.ts';
import { type GatewaySettings, gatewaySettings } from './gateway-settings.ts';
import type { RoutingTable } from './routing-table.ts';

const DEFAULT = 'default';

/** With who may call, and with what. */
export interface CompiledRouting extends RoutingTable {
  readonly identity: Identity;
}

/** @throws WeirError `INGRESS_CONFIG_INVALID` when one part names another that is not there. */
export function compileRouting(config: RoutingConfig, clock: Clock = systemClock): CompiledRouting {
  const gateways = new Map<string, GatewaySettings>();
  for (const [id, settings] of Object.entries({ [DEFAULT]: {}, ...config.gateways })) {
    gateways.set(id, gatewaySettings(id, settings));
  }
  const accounts = new Map(Object.entries(config.accounts).map(([id, { gateways: ids }]) => [id, new Set(ids)]));
  for (const [id, allowed] of accounts) {
    for (const name of allowed) requireKnown(name, gateways, `accounts.${id}.gateways`);
  }
  checkIdentity(config, gateways);
  return {
    config,
    identity: {
      tokens: compileTokens(config.tokens),
      keys: compileKeys(config.providerKeys, clock),
      accounts: createClientAccounts(clock),
    },
    gateway: (id) => gateways.get(id),
    mayCall: (account, gateway) => {
      if (accounts.size === 0) return true;
      const allowed = accounts.get(account);
      if (allowed === undefined) return account === DEFAULT;
      return allowed.size === 0 || allowed.has(gateway);
    },
  };
}

function checkIdentity(config: RoutingConfig, gateways: ReadonlyMap<string, unknown>): void {
  const provider = (slug: string, where: string): void => {
    if (customSlug(slug) === '' ? findProvider(slug) !== undefined : customSlug(slug) in config.customProviders) return;
    throw new WeirError('INGRESS_CONFIG_INVALID', `${where} names the provider "${slug}", which is not known`, {
      fix: 'Write its slug, or custom-<slug> for one of custom_providers.',
    });
  };
  for (const [id, token] of Object.entries(config.tokens)) {
    for (const name of token.gateways) requireKnown(name, gateways, `tokens.${id}.gateways`);
    for (const slug of token.providers) provider(slug, `tokens.${id}.providers`);
  }
  for (const [slug, aliases] of Object.entries(config.providerKeys)) {
    provider(slug, 'provider_keys');
    for (const [alias, key] of Object.entries(aliases)) {
      for (const name of key.gateways) requireKnown(name, gateways, `provider_keys.${slug}.${alias}.gateways`);
    }
  }
}

/** @throws what a reload with it would throw. */
export function checkRouting(config: Partial<RoutingConfig>): void {
  compileRouting({ ...INGRESS_DEFAULTS, ...config });
}

function requireKnown(name: string, known: ReadonlyMap<string, unknown>, where: string): void {
  if (known.has(name)) return;
  const near = nearest(name, known.keys());
  throw new WeirError('INGRESS_CONFIG_INVALID', `${where} names "${name}", which is not configured`, {
    fix: near === undefined ? 'Add it, or remove the name.' : `Did you mean "${near}"?`,
  });
}
