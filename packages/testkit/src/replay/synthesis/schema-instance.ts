import { asArray, asObject, asText } from '../json-access.ts';
import type { SeededRandom } from './seeded-random.ts';

const WORDS = ['river', 'gauge', 'north', 'ledger', 'meadow', 'copper', 'signal', 'harbour'] as const;
const MAX_DEPTH = 6;

/** A value that fits the common part of a JSON Schema (or Gemini's OpenAPI subset): used for tool arguments. */
export function schemaInstance(schema: unknown, random: SeededRandom, depth = 0): unknown {
  const rules = asObject(schema);
  if ('const' in rules) return rules['const'];
  const choices = asArray(rules['enum']);
  if (choices.length > 0) return random.pick(choices);
  const variants = asArray(rules['anyOf'] ?? rules['oneOf']);
  if (variants.length > 0) return schemaInstance(variants[0], random, depth + 1);
  const declared = Array.isArray(rules['type']) ? rules['type'][0] : rules['type'];
  const type = asText(declared).toLowerCase() || ('properties' in rules ? 'object' : 'string');
  switch (type) {
    case 'object': {
      if (depth > MAX_DEPTH) return {};
      const properties = Object.entries(asObject(rules['properties']));
      return Object.fromEntries(properties.map(([name, rule]) => [name, schemaInstance(rule, random, depth + 1)]));
    }
    case 'array':
      return depth > MAX_DEPTH ? [] : [schemaInstance(rules['items'], random, depth + 1)];
    case 'integer':
    case 'number':
      return typeof rules['minimum'] === 'number' ? rules['minimum'] : random.int(1, 99);
    case 'boolean':
      return random.next() < 0.5;
    case 'null':
      return null;
    default:
      return random.pick(WORDS);
  }
}
