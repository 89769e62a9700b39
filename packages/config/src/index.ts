export { configJsonSchema, configReference } from './config-reference.ts';
export type { Config } from './config-schema.ts';
export { CONFIG_ERRORS } from './errors.ts';
export { type ConfigSource, type LoadedConfig, loadConfig } from './load-config.ts';
export { describeConfig, redactConfig } from './redact-config.ts';
