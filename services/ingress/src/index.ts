export {
  type CustomProviderConfig,
  INGRESS_DEFAULTS,
  type IngressConfig,
  type ProviderConfig,
  type RoutingConfig,
} from './config.ts';
export { INGRESS_ERRORS, type IngressErrorCode } from './errors.ts';
export type { GatewayConfig } from './gateways/gateway-config.ts';
export { checkRouting } from './gateways/routing.ts';
export { createIngress, type Ingress } from './ingress.ts';
export type { KeptFacts } from './ledger/request-event.ts';
export type { CallMeter, WorstCall } from './limits/call-meter.ts';
export type { RateLimitConfig } from './limits/rate-limit-config.ts';
export type {
  IngressCounter,
  IngressDependencies,
  IngressGauge,
  IngressHistogram,
  IngressLogger,
  IngressMetricsRegistry,
} from './ports.ts';
export { type StartIngressDependencies, startIngress } from './service.ts';
export { REFUSED_TOPIC } from './shipper/ship-partition.ts';
export { SHIPPER_GROUP, startShipper } from './shipper/start-shipper.ts';
