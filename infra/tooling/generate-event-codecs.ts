/** Writes the straight-line readers and writers of packages/events/src/generated/*.ts from schemas/*.avsc. */
import type { Field, Named, Schema } from './avro-schema.ts';

interface Codec {
  /** Expression that reads a value from `input`. */
  readonly read: string;
  /** Statement that writes the value of an expression to `output`. */
  write(value: string): string;
}

/** Everything declared on the way: enum tables, readers and writers of inner records. */
type Declared = Map<string, string>;

const PRIMITIVES = new Set(['boolean', 'int', 'long', 'double', 'bytes', 'string']);

function codecOf(schema: Schema, declared: Declared): Codec {
  if (typeof schema === 'string') return primitive(schema);
  if (Array.isArray(schema)) return nullable(schema, declared);
  const node = schema as Named;
  switch (node.type) {
    case 'record':
      declareRecord(node, declared);
      return { read: `read${node.name}(input)`, write: (value) => `write${node.name}(output, ${value})` };
    case 'enum':
      return enumeration(node, declared);
    case 'array':
    case 'map':
      return collection(node.type, codecOf(node.items ?? node.values ?? 'null', declared));
    default:
      return primitive(node.logicalType === 'decimal' ? 'decimal' : node.type);
  }
}

function primitive(type: string): Codec {
  if (type !== 'decimal' && !PRIMITIVES.has(type)) throw new Error(`no generated codec for Avro type ${type}`);
  return { read: `input.${type}()`, write: (value) => `output.${type}(${value})` };
}

function nullable(branches: readonly Schema[], declared: Declared): Codec {
  const [first, second = 'null'] = branches;
  if (first !== 'null' || branches.length !== 2) throw new Error('no generated codec for a union but [null, type]');
  const inner = codecOf(second, declared);
  return {
    read: `input.present() ? ${inner.read} : null`,
    write: (value) =>
      `if (${value} === null) output.long(0);\n  else {\n    output.long(1);\n    ${inner.write(value)};\n  }`,
  };
}

function enumeration(node: Named, declared: Declared): Codec {
  const constant = `${node.name}Symbols`;
  declared.set(
    constant,
    `const ${constant}: readonly ${node.name}[] = ${JSON.stringify(node.symbols)};\n` +
      `const ${node.name}Indices: ReadonlyMap<string, number> = new Map(${constant}.map((symbol, index) => [symbol, index]));`,
  );
  return {
    read: `input.symbol(${constant})`,
    write: (value) => `output.symbol(${node.name}Indices, ${value})`,
  };
}

function collection(kind: string, inner: Codec): Codec {
  return {
    read: `input.${kind}((input) => ${inner.read})`,
    write: (value) => `output.${kind}(${value}, (output, item) => ${inner.write('item')})`,
  };
}

function declareRecord(record: Named, declared: Declared): void {
  const { name = '', fields = [] } = record;
  const codecs = fields.map((field: Field) => ({ name: field.name, codec: codecOf(field.type, declared) }));
  declared.set(
    `read${name}`,
    `function read${name}(input: AvroInput): ${name} {\n  return {\n${codecs
      .map((field) => `    ${field.name}: ${field.codec.read},`)
      .join('\n')}\n  };\n}`,
  );
  declared.set(
    `write${name}`,
    `function write${name}(output: AvroOutput, event: ${name}): void {\n${codecs
      .map((field) => `  ${field.codec.write(`event.${field.name}`)};`)
      .join('\n')
      .replaceAll('};', '}')}\n}`,
  );
}

/** The text of the reader and writer of one event; the two exported functions bear the name of its record. */
export function eventCodecText(record: Named): string {
  const declared: Declared = new Map();
  declareRecord(record, declared);
  const text = [...declared.values()].join('\n\n');
  return text
    .replace(`function read${record.name}(`, `export function read${record.name}(`)
    .replace(`function write${record.name}(`, `export function write${record.name}(`);
}
