export { BUDGET_LOG_TOPIC } from './budgets/budget-log-codec.ts';
export { ANOMALY_ERRORS } from './errors.ts';
export { ANOMALY_GROUPS, type AnomalyConfig, type AnomalyDependencies, startAnomaly, webhookGroup } from './service.ts';
