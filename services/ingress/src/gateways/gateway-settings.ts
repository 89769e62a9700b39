import { compileRateLimits, type RateLimit } from '../limits/rate-limit.ts';
import type { CallPolicy } from '../wire/call-policy.ts';
import { GATEWAY_DEFAULTS, type GatewayConfig } from './gateway-config.ts';

/** A gateway as a call sees it, for the whole of the call: a reload makes new ones and changes none. */
export interface GatewaySettings extends GatewayConfig {
  readonly id: string;
  /** How its calls are carried out when they do not say so themselves. */
  readonly policy: CallPolicy;
  readonly limits: readonly RateLimit[];
}

/**
 * The settings of a gateway of which the configuration gives some, or none.
 * @throws WeirError `INGRESS_CONFIG_INVALID`.
 */
export function gatewaySettings(id: string, given: Partial<GatewayConfig>): GatewaySettings {
  const gateway = { ...GATEWAY_DEFAULTS, ...given };
  const { retryMaxAttempts: maxAttempts, retryDelayMs: delayMs, retryBackoff: backoff, requestTimeoutMs } = gateway;
  const timeoutMs = requestTimeoutMs === 0 ? undefined : requestTimeoutMs;
  return {
    ...gateway,
    id,
    policy: { retry: { maxAttempts, delayMs, backoff }, timeoutMs, warning: '' },
    limits: compileRateLimits('gateway', id, gateway.rateLimits),
  };
}
