export { BUDGET_LOG_TOPIC } from './budgets/budget-log-codec.ts';
export { ANOMALY_LOG_TOPIC } from './detection/anomaly-log-codec.ts';
export { type DetectedAlert, Detection } from './detection/detection.ts';
export type { SightingHistory } from './detection/detection-keeper.ts';
export { type Sighting, type SightingSource, sightingOf } from './detection/sighting.ts';
export { DETECTION_GROUPS } from './detection/start-detection.ts';
export { createTenantClock } from './detection/tenant-clock.ts';
export { ANOMALY_ERRORS } from './errors.ts';
export { ANOMALY_GROUPS, type AnomalyConfig, type AnomalyDependencies, startAnomaly, webhookGroup } from './service.ts';
