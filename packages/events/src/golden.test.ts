import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCodec, EVENTS, type EventName } from './codecs.ts';
import { EventCodec, schemaFingerprint } from './event-codec.ts';
import { GOLDEN_EVENTS } from './testing/golden-events.ts';

const directory = join(import.meta.dirname, '../../../schemas/golden');
const names = Object.keys(EVENTS) as EventName[];

interface Golden {
  readonly fingerprint: string;
  readonly schema: object;
  readonly hex: string;
}

const fieldsOf = (schema: object): string[] =>
  (schema as { fields: readonly { name: string }[] }).fields.map((field) => field.name);

/** Every version ever published of an event, by its fingerprint. */
function published(name: EventName): Golden[] {
  const folder = join(directory, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden);
}

describe.each(names)('I9 %s', (name) => {
  const codec = createCodec(name);
  const event = GOLDEN_EVENTS[name] as never;

  it('writes the golden bytes of its version', () => {
    const hex = Buffer.from(codec.encode(event)).toString('hex');
    const file = join(directory, name, `${codec.fingerprint}.json`);
    if (process.env['WEIR_PUBLISH_SCHEMAS'] === '1' && !existsSync(file)) {
      mkdirSync(join(directory, name), { recursive: true });
      const golden: Golden = { fingerprint: codec.fingerprint, schema: EVENTS[name].schema, hex };
      writeFileSync(file, `${JSON.stringify(golden, null, 1)}\n`);
    }
    expect(existsSync(file), `schema changed: publish it with WEIR_PUBLISH_SCHEMAS=1 (${file})`).toBe(true);
    const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
    expect(hex).toBe(golden.hex);
    expect(schemaFingerprint(golden.schema)).toBe(codec.fingerprint);
    expect(codec.decode(Buffer.from(golden.hex, 'hex'))).toEqual(event);
  });

  it('every published version reads and is read by this one', () => {
    const versions = published(name);
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) {
      const reader = new EventCodec({ schema: EVENTS[name].schema, earlier: [version.schema] });
      expect(Object.keys(reader.decode(Buffer.from(version.hex, 'hex')) as object)).toEqual(
        fieldsOf(EVENTS[name].schema),
      );
      const older = new EventCodec({ schema: version.schema, earlier: [EVENTS[name].schema] });
      expect(Object.keys(older.decode(codec.encode(event)) as object)).toEqual(fieldsOf(version.schema));
    }
  });
});
