/** Writes packages/events/src/generated/*.ts from schemas/*.avsc: the TypeScript face of each Avro contract. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Named, Schema } from './avro-schema.ts';
import { eventCodecText } from './generate-event-codecs.ts';

const PRIMITIVE: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Buffer',
  string: 'string',
};

function typeText(schema: Schema, declared: Map<string, string>): string {
  if (typeof schema === 'string') return PRIMITIVE[schema] ?? schema;
  if (Array.isArray(schema)) return schema.map((branch) => typeText(branch, declared)).join(' | ');
  const node = schema as Named;
  switch (node.type) {
    case 'record':
      declare(node, declared);
      return node.name ?? 'never';
    case 'enum':
      declared.set(
        node.name ?? '',
        `export type ${node.name} = ${(node.symbols ?? []).map((symbol) => `'${symbol}'`).join(' | ')};`,
      );
      return node.name ?? 'never';
    case 'array':
      return `readonly ${wrap(typeText(node.items ?? 'null', declared))}[]`;
    case 'map':
      return `Readonly<Record<string, ${typeText(node.values ?? 'null', declared)}>>`;
    default:
      return node.logicalType === 'decimal' ? 'bigint' : typeText(node.type, declared);
  }
}

const wrap = (text: string): string => (text.includes('|') ? `(${text})` : text);

function declare(record: Named, declared: Map<string, string>): void {
  const lines = (record.fields ?? []).map((field) => {
    const text = typeText(field.type, declared);
    const decimal = JSON.stringify(field.type).includes('"decimal"') ? ' Pico-dollars.' : '';
    const comment = `${field.doc ?? ''}${decimal === '' || !field.doc ? decimal.trim() : `.${decimal}`}`;
    return `${comment === '' ? '' : `  /** ${comment} */\n`}  readonly ${field.name}: ${text};`;
  });
  declared.set(
    record.name ?? '',
    `${record.doc ? `/** ${record.doc} */\n` : ''}export interface ${record.name} {\n${lines.join('\n')}\n}`,
  );
}

/** Every published schema of an event but the current one. */
function earlier(directory: string, file: string, current: Named): object[] {
  const folder = join(directory, 'golden', file.replace('.avsc', ''));
  if (!existsSync(folder)) return [];
  const schemas = readdirSync(folder)
    .sort()
    .map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { readonly schema: object }).schema);
  return schemas.filter((schema) => fieldsText(schema as Named) !== fieldsText(current));
}

/** Words of explanation are no part of a schema's identity. */
function fieldsText(schema: Named): string {
  return JSON.stringify(schema, (key, value: unknown) => (key === 'doc' ? undefined : value));
}

/** File name (relative to packages/events/src/generated) to content, for every schema. */
export function generatedEventFiles(root: string): Map<string, string> {
  const files = new Map<string, string>();
  const directory = join(root, 'schemas');
  for (const file of readdirSync(directory)
    .filter((name) => name.endsWith('.avsc'))
    .sort()) {
    const text = readFileSync(join(directory, file), 'utf8');
    const schema = JSON.parse(text) as Named;
    const declared = new Map<string, string>();
    declare(schema, declared);
    const constant = `${(schema.name ?? '').replace(/^./, (first) => first.toLowerCase())}Schema`;
    const body = [
      `// Generated from schemas/${file} by \`pnpm generate\`. Change the schema, not this file.`,
      '',
      "import type { AvroInput } from '../avro/avro-input.ts';",
      "import type { AvroOutput } from '../avro/avro-output.ts';",
      '',
      ...declared.values(),
      '',
      `export const ${constant} = ${JSON.stringify(schema, null, 1)} as const;`,
      '',
      `/** Schemas that earlier versions wrote: their records stay readable. */`,
      `export const ${constant.replace('Schema', 'EarlierSchemas')}: readonly object[] = ${JSON.stringify(earlier(directory, file, schema))};`,
      '',
      eventCodecText(schema),
      '',
    ];
    files.set(file.replace('.avsc', '.ts'), body.join('\n'));
  }
  return files;
}
