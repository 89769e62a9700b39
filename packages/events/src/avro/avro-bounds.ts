import { AvroInput } from './avro-input.ts';

type Walk = (input: AvroInput) => void;
interface SchemaObject {
  readonly type: Schema;
  readonly name?: string;
  readonly fields?: readonly { readonly type: Schema }[];
  readonly items?: Schema;
  readonly values?: Schema;
  readonly size?: number;
}
type Schema = string | readonly Schema[] | SchemaObject;

const PRIMITIVES: Readonly<Record<string, Walk>> = {
  null: () => undefined,
  boolean: (input) => input.skip(1),
  int: (input) => void input.long(),
  long: (input) => void input.long(),
  enum: (input) => void input.long(),
  float: (input) => input.skip(4),
  double: (input) => input.skip(8),
  bytes: (input) => input.skip(input.long()),
  string: (input) => input.skip(input.long()),
};

/**
 * Makes a walk over records of a schema that throws where one ends before its values do. The general decoder reads zeros
 * there, so that a record which names a block of 2⁵⁰ entries would keep it busy for years.
 */
export function avroBounds(schema: object): (body: Uint8Array) => void {
  const walk = walkOf(schema as SchemaObject, new Map());
  const input = new AvroInput();
  return (body) => {
    input.open(body, 0, false);
    walk(input);
  };
}

function walkOf(schema: Schema, named: Map<string, Walk>): Walk {
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? ((input) => named.get(schema)?.(input));
  if ('length' in schema) return unionWalk(schema.map((branch) => walkOf(branch, named)));
  const { type, name = '', fields, items, values, size = 0 } = schema;
  if (type === 'record') {
    const walks: Walk[] = [];
    const walk: Walk = (input) => {
      for (const field of walks) field(input);
    };
    named.set(name, walk);
    for (const field of fields ?? []) walks.push(walkOf(field.type, named));
    return walk;
  }
  if (type === 'array' && items !== undefined) return blocksWalk(walkOf(items, named));
  if (type === 'map' && values !== undefined) {
    const value = walkOf(values, named);
    return blocksWalk((input) => {
      input.skip(input.long());
      value(input);
    });
  }
  const walk: Walk = type === 'fixed' ? (input) => input.skip(size) : walkOf(type, named);
  if (name !== '') named.set(name, walk);
  return walk;
}

function unionWalk(branches: readonly Walk[]): Walk {
  return (input) => (branches[input.long()] ?? unknownBranch)(input);
}

function unknownBranch(): never {
  throw new RangeError('a union has no such branch');
}

function blocksWalk(item: Walk): Walk {
  return (input) => {
    for (let count = input.long(); count !== 0; count = input.long()) {
      // A negative count is followed by the size of its block.
      if (count < 0) input.long();
      for (let left = Math.abs(count); left > 0; left -= 1) item(input);
    }
  };
}
