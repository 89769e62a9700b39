import { configSchema } from './config-schema.ts';
import { environmentName, type SchemaNode } from './schema-walk.ts';

/** docs/configuration.md, from the schema. */
export function configReference(): string {
  const root = configSchema as unknown as SchemaNode;
  const lines = [
    '# Configuration',
    '',
    '<!-- Generated from packages/config/src/config-schema.ts by `pnpm generate`. -->',
    '',
    'Weir needs no configuration to start. To change something, write `weir.yaml` beside where you start it (or name a',
    'file with `--config` or `WEIR_CONFIG`). A `WEIR_…` variable overrides the file. `${NAME}` and `${NAME:-default}` in',
    'a value are taken from the environment, `${file:path}` is the content of a file (relative to weir.yaml). An unknown key is an error that names the nearest known one. Editors',
    'complete and check the file with [weir.schema.json](weir.schema.json):',
    '',
    '```yaml',
    '# yaml-language-server: $schema=./docs/weir.schema.json',
    'ingress:',
    '  port: 9000',
    '```',
    '',
    'Relative directories are relative to the file, or to the working directory when there is none.',
  ];
  for (const [name, node] of Object.entries(root.properties ?? {})) lines.push('', ...section(name, node));
  return `${lines.join('\n')}\n`;
}

function section(name: string, node: SchemaNode): string[] {
  const lines = [`## ${name}`, '', node.description ?? '', ''];
  let map = Object.values(node.patternProperties ?? {})[0];
  const prefix = map === undefined ? [name] : [name, '<name>'];
  // A map of maps: provider_keys by provider and alias.
  for (let inner = map; inner?.patternProperties !== undefined; prefix.push('<name>')) {
    map = inner = Object.values(inner.patternProperties)[0];
  }
  const properties = map?.properties ?? node.properties ?? {};
  lines.push('| key | type | default | meaning | variable |', '|---|---|---|---|---|');
  for (const [key, child] of Object.entries(properties))
    lines.push(...rows([...prefix, key], child, map !== undefined));
  return lines;
}

function rows(path: readonly string[], node: SchemaNode, inMap: boolean): string[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([key, child]) => rows([...path, key], child, inMap));
  }
  const [entry] = Object.values(node.patternProperties ?? {});
  if (entry !== undefined) return rows([...path, '<name>'], entry, true);
  const type =
    node.anyOf === undefined ? (node.type ?? '') : node.anyOf.map((branch) => `\`${branch.const}\``).join(' ');
  const fallback = node.default === undefined ? 'required' : codeOf(node.default);
  const variable = inMap ? '' : `\`${environmentName(path)}\``;
  return [`| \`${path.join('.')}\` | ${type} | ${fallback} | ${node.description ?? ''} | ${variable} |`];
}

/** A default as code; nothing for an empty one. */
function codeOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return ['', '{}', '[]'].includes(text) ? '' : `\`${text}\``;
}

/** docs/weir.schema.json, for editors. */
export function configJsonSchema(): string {
  const body = { $schema: 'http://json-schema.org/draft-07/schema#', ...configSchema };
  return `${JSON.stringify(body, null, 2)}\n`;
}
