import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorMessage, nearest, WeirError } from '@weir/kernel';
import { Ajv, type ErrorObject } from 'ajv';
import { parseDocument } from 'yaml';
import { type Config, configSchema } from './config-schema.ts';
import { descriptionAt, environmentName, leaves, nodeAt, type SchemaNode } from './schema-walk.ts';

export interface ConfigSource {
  /** Path of weir.yaml; when undefined, `WEIR_CONFIG`, else `./weir.yaml` if it exists, else defaults only. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, or undefined when there was none. */
  readonly file: string | undefined;
  /** Relative directories in the config are relative to this. */
  readonly baseDirectory: string;
}

/** WEIR_ variables that are not settings. */
const OTHER_VARIABLES = new Set([
  'WEIR_CACHE',
  'WEIR_CONFIG',
  'WEIR_FIXTURES',
  'WEIR_KAFKA',
  'WEIR_PUBLISH_SCHEMAS',
  'WEIR_REQUIRE_KAFKA',
  'WEIR_REQUIRE_REDIS',
]);
const INTERNAL_PREFIX = 'WEIR_INTERNAL_';

const schema = configSchema as unknown as SchemaNode;
const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: false, verbose: true });
const validate = ajv.compile(configSchema);

/**
 * Reads, completes, validates and freezes the configuration. Later wins: defaults, weir.yaml, WEIR_… variables.
 * @throws WeirError `CONFIG_NOT_FOUND`, `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID`, `CONFIG_MISSING_ENV`,
 * `CONFIG_MISSING_FILE`;
 * each names the field, the value and the fix.
 */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const file = locate(source);
  const document = file === undefined ? {} : substitute(readYaml(file), substitutes(file, source.environment), []);
  applyEnvironment(document as Record<string, unknown>, source.environment);
  if (!validate(document)) throw explain(validate.errors ?? [], file);
  const config = deepFreeze(document) as Config;
  return { config, file, baseDirectory: file === undefined ? source.workingDirectory : dirname(file) };
}

function locate(source: ConfigSource): string | undefined {
  const named = source.file ?? source.environment['WEIR_CONFIG'];
  if (named !== undefined && named !== '') return resolve(source.workingDirectory, named);
  const usual = resolve(source.workingDirectory, 'weir.yaml');
  try {
    readFileSync(usual);
    return usual;
  } catch {
    return undefined;
  }
}

function readYaml(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WeirError('CONFIG_NOT_FOUND', `cannot read ${file}: ${errorMessage(cause)}`, {
      cause,
      fix: 'Check the path given by --config or WEIR_CONFIG.',
    });
  }
  const document = parseDocument(text, { prettyErrors: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new WeirError('CONFIG_SYNTAX', `${file}: ${problem.message}`, { fix: 'Correct that line.' });
  }
  return document.toJS() ?? {};
}

/** What stands for a `${…}`: a variable, or the content of a file. */
interface Substitutes {
  variable(name: string): string | undefined;
  fileContent(name: string): string;
}

function substitutes(file: string, environment: Readonly<Record<string, string | undefined>>): Substitutes {
  return {
    variable: (name) => environment[name],
    fileContent: (name) => readFileSync(resolve(dirname(file), name), 'utf8').trimEnd(),
  };
}

function substitute(value: unknown, substitutes: Substitutes, path: readonly string[]): unknown {
  if (typeof value === 'string') {
    return value.replace(
      /\$\{file:([^}]+)\}|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
      (_, ...groups: (string | undefined)[]) => {
        const [file, name = '', fallback] = groups;
        if (file !== undefined) return contentOf(file, substitutes, path);
        const found = substitutes.variable(name) ?? fallback;
        if (found !== undefined) return found;
        throw new WeirError('CONFIG_MISSING_ENV', `${path.join('.')} refers to \${${name}}, which is not set`, {
          fix: `Set ${name}, or write \${${name}:-default}.`,
        });
      },
    );
  }
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, substitutes, [...path, String(index)]));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, substitutes, [...path, key])]),
    );
  }
  return value;
}

function contentOf(file: string, { fileContent }: Substitutes, path: readonly string[]): string {
  try {
    return fileContent(file);
  } catch (cause) {
    throw new WeirError('CONFIG_MISSING_FILE', `${path.join('.')} refers to ${file}: ${errorMessage(cause)}`, {
      cause,
      fix: 'Check the path, which is relative to weir.yaml, and its permissions.',
    });
  }
}

function applyEnvironment(
  document: Record<string, unknown>,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const byName = new Map(leaves(schema).map((leaf) => [environmentName(leaf.path), leaf]));
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('WEIR_') || value === undefined) continue;
    if (OTHER_VARIABLES.has(name) || name.startsWith(INTERNAL_PREFIX)) continue;
    const leaf = byName.get(name);
    if (leaf === undefined) throw unknownKey(name, byName.keys(), 'environment variable');
    let target = document;
    for (const key of leaf.path.slice(0, -1)) {
      if (typeof target[key] !== 'object' || target[key] === null) target[key] = {};
      target = target[key] as Record<string, unknown>;
    }
    target[leaf.path.at(-1) ?? ''] = coerce(value, leaf.node);
  }
}

function coerce(value: string, node: SchemaNode): unknown {
  if (node.type === 'integer' && /^-?\d+$/.test(value)) return Number(value);
  if (node.type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true';
  return value;
}

function unknownKey(name: string, known: Iterable<string>, what: string): WeirError {
  const near = nearest(name, known);
  return new WeirError('CONFIG_UNKNOWN_KEY', `unknown ${what} "${name}"`, {
    fix: near === undefined ? 'See docs/configuration.md for all of them.' : `Did you mean "${near}"?`,
  });
}

function explain(errors: readonly ErrorObject[], file: string | undefined): WeirError {
  const extra = errors.find((error) => error.keyword === 'additionalProperties');
  const error = extra ?? errors.find((candidate) => candidate.keyword !== 'const') ?? errors[0];
  const path = (error?.instancePath ?? '').split('/').slice(1);
  const where = file === undefined ? '' : `${file}: `;
  if (extra !== undefined) {
    const key = String(extra.params['additionalProperty']);
    const node = nodeAt(schema, path);
    const patterns = Object.keys(node?.patternProperties ?? {});
    if (patterns.length > 0) {
      return new WeirError(
        'CONFIG_INVALID',
        `${where}${[...path, key].join('.')}: the name must match ${patterns[0]}`,
        {
          fix: 'Rename it.',
        },
      );
    }
    return unknownKey(
      [...path, key].join('.'),
      Object.keys(node?.properties ?? {}).map((name) => [...path, name].join('.')),
      `key in ${file ?? 'the configuration'}`,
    );
  }
  return invalidValue(error, path, where);
}

function invalidValue(error: ErrorObject | undefined, path: readonly string[], where: string): WeirError {
  const fixOf = (at: readonly string[]): string => descriptionAt(schema, at) ?? 'See docs/configuration.md.';
  if (error?.keyword === 'required') {
    const missing = [...path, String(error.params['missingProperty'])];
    return new WeirError('CONFIG_INVALID', `${where}${missing.join('.')} is missing`, { fix: fixOf(missing) });
  }
  const node = nodeAt(schema, path);
  const branches = node?.anyOf ?? [];
  const choices = branches.length > 0 && branches.every((branch) => branch.const !== undefined);
  const rule = choices
    ? `must be one of ${branches.map((branch) => String(branch.const)).join(', ')}`
    : (error?.message ?? 'is not valid');
  return new WeirError('CONFIG_INVALID', `${where}${path.join('.')} is ${shown(error?.data, node)}: it ${rule}`, {
    fix: fixOf(path),
  });
}

/** A wrong value in an error: never a secret, nor what may hold one. */
function shown(value: unknown, node: SchemaNode | undefined): string {
  if (node?.secret === true) return '[redacted]';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value);
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
