import type { RoutingConfig } from '../config.ts';
import type { GatewaySettings } from './gateway-settings.ts';

/** Which accounts may call which gateways, how each gateway is set, and where providers are: one version of it all. */
export interface RoutingTable {
  readonly config: RoutingConfig;
  gateway(id: string): GatewaySettings | undefined;
  /** False when the account is not configured, or may not call the gateway. */
  mayCall(account: string, gateway: string): boolean;
}
