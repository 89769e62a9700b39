import { picoToText } from '@weir/kernel';

/** JSON text of a decoded event: money as decimal text, bytes as UTF-8 text (base64 when they are not text). */
export function eventToJson(event: object, indent?: number): string {
  return JSON.stringify(event, replace, indent);
}

function replace(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return picoToText(value);
  const original = (this as Record<string, unknown>)[key];
  if (Buffer.isBuffer(original)) {
    const text = original.toString('utf8');
    return Buffer.from(text, 'utf8').equals(original) ? text : { base64: original.toString('base64') };
  }
  return value;
}
