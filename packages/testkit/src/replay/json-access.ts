export type JsonObject = Readonly<Record<string, unknown>>;

/** The value when it is an object, else an empty one: request bodies are read, not validated. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value when it is a non-negative integer, else undefined. */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

const withRaw = JSON as unknown as { rawJSON(text: string): unknown };

/** A number that `JSON.stringify` writes digit for digit, so that money never passes through a float. */
export function exactNumber(decimalText: string): unknown {
  return withRaw.rawJSON(decimalText);
}
