import { nearest, WeirError } from '@weir/kernel';
import { INGRESS_DEFAULTS, type RoutingConfig } from '../config.ts';
import { type GatewaySettings, gatewaySettings } from './gateway-settings.ts';

const DEFAULT = 'default';

/** Which accounts may call which gateways, how each gateway is set, and where providers are: one version of it all. */
export interface RoutingTable {
  readonly config: RoutingConfig;
  gateway(id: string): GatewaySettings | undefined;
  /** False when the account is not configured, or may not call the gateway. */
  mayCall(account: string, gateway: string): boolean;
}

/** @throws WeirError `INGRESS_CONFIG_INVALID` when one part names another that is not there. */
export function compileRouting(config: RoutingConfig): RoutingTable {
  const gateways = new Map<string, GatewaySettings>();
  for (const [id, settings] of Object.entries({ [DEFAULT]: {}, ...config.gateways })) {
    gateways.set(id, gatewaySettings(id, settings));
  }
  const accounts = new Map(Object.entries(config.accounts).map(([id, { gateways: ids }]) => [id, new Set(ids)]));
  for (const [id, allowed] of accounts) {
    for (const name of allowed) requireKnown(name, gateways, `accounts.${id}.gateways`);
  }
  return {
    config,
    gateway: (id) => gateways.get(id),
    mayCall: (account, gateway) => {
      if (accounts.size === 0) return true;
      const allowed = accounts.get(account);
      if (allowed === undefined) return account === DEFAULT;
      return allowed.size === 0 || allowed.has(gateway);
    },
  };
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
