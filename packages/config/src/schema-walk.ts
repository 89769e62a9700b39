/** The parts of a JSON Schema node that configuration uses. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

export interface Leaf {
  readonly path: readonly string[];
  readonly node: SchemaNode;
}

/** Every setting with a fixed path (maps keyed by the user's own names have none). */
export function leaves(node: SchemaNode, path: readonly string[] = []): Leaf[] {
  if (node.properties === undefined) return node.patternProperties === undefined ? [{ path, node }] : [];
  return Object.entries(node.properties).flatMap(([key, child]) => leaves(child, [...path, key]));
}

/** The schema node at a path of a document, through maps and lists too; undefined for an unknown path. */
export function nodeAt(root: SchemaNode, path: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const key of path) {
    node = node?.properties?.[key] ?? Object.values(node?.patternProperties ?? {})[0] ?? node?.items;
    if (node === undefined) return undefined;
  }
  return node;
}

/** What the schema says of a path: its own description, else that of the nearest node above. */
export function descriptionAt(root: SchemaNode, path: readonly string[]): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const description = nodeAt(root, path.slice(0, length))?.description;
    if (description !== undefined) return description;
  }
  return undefined;
}

/** The environment variable that overrides a setting: `ingress.port` is `WEIR_INGRESS_PORT`. */
export function environmentName(path: readonly string[]): string {
  return `WEIR_${path.join('_').toUpperCase()}`;
}
