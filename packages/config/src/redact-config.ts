import { stringify } from 'yaml';
import { type Config, configSchema } from './config-schema.ts';
import { nodeAt, type SchemaNode } from './schema-walk.ts';

/** A copy with every secret replaced by `[redacted]`, for logs (I8). An empty secret stays empty: it tells nothing. */
export function redactConfig(config: Config): unknown {
  const visit = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value !== 'object' || value === null) {
      const node = nodeAt(configSchema as unknown as SchemaNode, path);
      return node?.secret === true && value !== '' ? '[redacted]' : redactUrl(value);
    }
    if (Array.isArray(value)) return value.map((item) => visit(item, path));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };
  return visit(config, []);
}

function redactUrl(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/(:\/\/)[^/@\s]+@/, '$1[redacted]@') : value;
}

/** YAML of the configuration, redacted; with `defaults`, only what differs from them (`{}` when nothing does). */
export function describeConfig(config: Config, defaults?: Config): string {
  const whole = redactConfig(config);
  return stringify(defaults === undefined ? whole : (difference(whole, redactConfig(defaults)) ?? {})).trim();
}

function difference(value: unknown, base: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value === base ? undefined : value;
  if (Array.isArray(value)) return JSON.stringify(value) === JSON.stringify(base) ? undefined : value;
  const original = (base ?? {}) as Record<string, unknown>;
  const changed = Object.entries(value)
    .map(([key, item]) => [key, difference(item, original[key])] as const)
    .filter(([, item]) => item !== undefined);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}
