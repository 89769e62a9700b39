export {
  type CustomProviderConfig,
  type GatewayConfig,
  INGRESS_DEFAULTS,
  type IngressConfig,
  type ProviderConfig,
} from './config.ts';
export { INGRESS_ERRORS, type IngressErrorCode } from './errors.ts';
export { createIngress, type Ingress } from './ingress.ts';
export type { KeptFacts } from './ledger/request-event.ts';
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
