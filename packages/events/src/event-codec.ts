import { errorMessage, WeirError } from '@weir/kernel';
import avro from 'avsc';
import { avroBounds } from './avro/avro-bounds.ts';
import { AvroInput } from './avro/avro-input.ts';
import { AvroOutput } from './avro/avro-output.ts';
import { crc64Avro } from './crc64-avro.ts';
import { PicoDecimal } from './pico-decimal.ts';

/** How the schema of a record is named in front of its body. */
export type Framing =
  /** Avro single-object encoding: C3 01, CRC-64-AVRO of the schema (little-endian), body. The default (I9). */
  | { readonly kind: 'single-object' }
  /** Confluent: 00, schema id (big-endian int32), body; `schemaId` is the registry's id of the current schema. */
  | { readonly kind: 'confluent'; readonly schemaId: number };

/** Straight-line code for records of the current schema, generated from it. */
export interface GeneratedCodec<Event> {
  read(input: AvroInput): Event;
  write(output: AvroOutput, event: Event): void;
}

export interface EventCodecOptions<Event = unknown> {
  /** The schema this version writes and reads into. */
  readonly schema: object;
  /** Every earlier published version, so that their records stay readable. */
  readonly earlier?: readonly object[];
  readonly framing?: Framing;
  /** Registry id to schema, for reading Confluent framing written by others. */
  readonly schemasById?: ReadonlyMap<number, object>;
  /** Reads and writes the usual records; whatever it refuses goes the general way, with the same bytes as result. */
  readonly generated?: GeneratedCodec<Event>;
}

/** Where the Avro body starts and by which schema it was written. */
export interface FramedBody {
  readonly fingerprint: string;
  readonly bodyStart: number;
}

const SINGLE_OBJECT_HEADER = 10;
const CONFLUENT_HEADER = 5;
const INITIAL_BYTES = 64 * 1024;

const parse = (schema: object): avro.Type =>
  avro.Type.forSchema(schema as avro.Schema, { logicalTypes: { decimal: PicoDecimal } });

/** 16 hex digits: CRC-64-AVRO of the schema's canonical form. */
export function schemaFingerprint(schema: object): string {
  const canonical = JSON.stringify(parse(schema).schema());
  return crc64Avro(Buffer.from(canonical)).toString(16).padStart(16, '0');
}

/**
 * Encodes and decodes one event type. A reader accepts both framings by the first byte, and every schema version it
 * was given. One instance is not shared between threads: encoding goes through one reused buffer.
 */
export class EventCodec<Event> {
  readonly fingerprint: string;
  readonly #type: avro.Type;
  readonly #header: Buffer;
  readonly #ownFrame: FramedBody;
  readonly #readers = new Map<string, (body: Buffer) => Event>();
  readonly #schemas = new Map<string, object>();
  readonly #fingerprintsById = new Map<number, string>();
  readonly #generated: GeneratedCodec<Event> | undefined;
  readonly #input = new AvroInput();
  readonly #output = new AvroOutput();
  #buffer: Buffer = Buffer.allocUnsafe(0);

  constructor(options: EventCodecOptions<Event>) {
    this.#generated = options.generated;
    this.#type = parse(options.schema);
    this.fingerprint = schemaFingerprint(options.schema);
    const framing = options.framing ?? { kind: 'single-object' };
    this.#header = framing.kind === 'confluent' ? confluentHeader(framing.schemaId) : singleHeader(this.fingerprint);
    this.#ownFrame = { fingerprint: this.fingerprint, bodyStart: this.#header.length };
    const check = avroBounds(options.schema);
    this.#readers.set(this.fingerprint, (body) => {
      check(body);
      return this.#type.fromBuffer(body) as Event;
    });
    this.#schemas.set(this.fingerprint, options.schema);
    for (const earlier of options.earlier ?? []) this.#addReader(earlier);
    if (framing.kind === 'confluent') this.#fingerprintsById.set(framing.schemaId, this.fingerprint);
    for (const [id, schema] of options.schemasById ?? []) this.#fingerprintsById.set(id, this.#addReader(schema));
  }

  /** Encodes into a fresh buffer. @throws WeirError `EVENT_INVALID` naming the field. */
  encode(event: Event): Buffer {
    return Buffer.from(this.encodeReused(event));
  }

  /** Encodes into the reused buffer: the view is valid until the next call. @throws WeirError `EVENT_INVALID`. */
  encodeReused(event: Event): Buffer {
    if (this.#generated !== undefined) {
      try {
        this.#output.open(this.#header);
        this.#generated.write(this.#output, event);
        return this.#output.close();
      } catch {
        // The general encoder takes what is odd and names what is wrong.
      }
    }
    return this.#encodeGenerally(event);
  }

  /**
   * Encodes into `target` from `at` on, and returns where it ends; when it does not fit, minus the bytes that are
   * missing. @throws WeirError `EVENT_INVALID`.
   */
  encodeInto(event: Event, target: Buffer, at: number): number {
    const bytes = this.encodeReused(event);
    const end = at + bytes.length;
    if (end > target.length) return target.length - end;
    bytes.copy(target, at);
    return end;
  }

  #encodeGenerally(event: Event): Buffer {
    if (this.#buffer.length === 0) this.#buffer = Buffer.allocUnsafe(INITIAL_BYTES);
    this.#header.copy(this.#buffer, 0);
    try {
      let end = this.#type.encode(event, this.#buffer, this.#header.length);
      if (end < 0) {
        this.#buffer = Buffer.allocUnsafe((this.#buffer.length - end) * 2);
        this.#header.copy(this.#buffer, 0);
        end = this.#type.encode(event, this.#buffer, this.#header.length);
      }
      return this.#buffer.subarray(0, end);
    } catch (cause) {
      throw new WeirError('EVENT_INVALID', `cannot encode ${this.#type.name}: ${this.#invalidPath(event)}`, { cause });
    }
  }

  /** @throws WeirError `EVENT_TOO_SHORT`, `EVENT_UNKNOWN_FRAMING`, `EVENT_UNKNOWN_SCHEMA`, `EVENT_INVALID`. */
  decode(bytes: Uint8Array): Event {
    return this.#decode(bytes, true);
  }

  /** As `decode`, but byte fields may be views of `bytes`: for a reader that is done with the event before its record. */
  decodeInPlace(bytes: Uint8Array): Event {
    return this.#decode(bytes, false);
  }

  #decode(bytes: Uint8Array, copies: boolean): Event {
    const frame = this.frameOf(bytes);
    if (this.#generated !== undefined && frame.fingerprint === this.fingerprint) {
      try {
        this.#input.open(bytes, frame.bodyStart, copies);
        const event = this.#generated.read(this.#input);
        this.#input.close();
        return event;
      } catch {
        // The general decoder takes what is odd and says what is wrong.
      }
    }
    return this.#decodeGenerally(bytes, frame);
  }

  #decodeGenerally(bytes: Uint8Array, { fingerprint, bodyStart }: FramedBody): Event {
    const reader = this.#readers.get(fingerprint);
    if (reader === undefined) throw unknownSchema(fingerprint);
    try {
      return reader(Buffer.from(bytes.buffer, bytes.byteOffset + bodyStart, bytes.byteLength - bodyStart));
    } catch (cause) {
      throw new WeirError('EVENT_INVALID', `cannot decode ${this.#type.name}: ${errorMessage(cause)}`, { cause });
    }
  }

  /** Reads the frame only. @throws WeirError `EVENT_TOO_SHORT`, `EVENT_UNKNOWN_FRAMING`, `EVENT_UNKNOWN_SCHEMA`. */
  frameOf(bytes: Uint8Array): FramedBody {
    // Nearly every record is of this version: ten comparisons instead of a number made into text.
    if (this.#isOwn(bytes)) return this.#ownFrame;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[0] === 0xc3 && bytes[1] === 0x01) {
      if (bytes.length < SINGLE_OBJECT_HEADER) throw tooShort(bytes.length);
      const fingerprint = view.getBigUint64(2, true).toString(16).padStart(16, '0');
      return { fingerprint, bodyStart: SINGLE_OBJECT_HEADER };
    }
    if (bytes[0] === 0x00) {
      if (bytes.length < CONFLUENT_HEADER) throw tooShort(bytes.length);
      const id = view.getInt32(1, false);
      const fingerprint = this.#fingerprintsById.get(id);
      if (fingerprint === undefined) throw unknownSchema(`registry id ${id}`);
      return { fingerprint, bodyStart: CONFLUENT_HEADER };
    }
    if (bytes.length < CONFLUENT_HEADER) throw tooShort(bytes.length);
    throw new WeirError('EVENT_UNKNOWN_FRAMING', `record starts with byte 0x${(bytes[0] ?? 0).toString(16)}`);
  }

  /** The schema that a fingerprint names, for passing bodies on undecoded. @throws WeirError `EVENT_UNKNOWN_SCHEMA`. */
  schemaOf(fingerprint: string): object {
    const schema = this.#schemas.get(fingerprint);
    if (schema === undefined) throw unknownSchema(fingerprint);
    return schema;
  }

  #isOwn(bytes: Uint8Array): boolean {
    for (let index = 0; index < this.#header.length; index += 1) if (bytes[index] !== this.#header[index]) return false;
    return true;
  }

  #addReader(schema: object): string {
    const fingerprint = schemaFingerprint(schema);
    if (!this.#readers.has(fingerprint)) {
      const writer = parse(schema);
      this.#schemas.set(fingerprint, schema);
      const resolver = this.#type.createResolver(writer);
      const check = avroBounds(schema);
      this.#readers.set(fingerprint, (body) => {
        check(body);
        return this.#type.fromBuffer(body, resolver) as Event;
      });
    }
    return fingerprint;
  }

  #invalidPath(event: Event): string {
    const paths: string[] = [];
    this.#type.isValid(event, { errorHook: (path) => paths.push(path.join('.')) });
    return paths.length === 0 ? 'value too large' : `invalid ${paths.slice(0, 5).join(', ')}`;
  }
}

function singleHeader(fingerprint: string): Buffer {
  const header = Buffer.alloc(SINGLE_OBJECT_HEADER);
  header.writeUInt16BE(0xc301, 0);
  header.writeBigUInt64LE(BigInt(`0x${fingerprint}`), 2);
  return header;
}

function confluentHeader(schemaId: number): Buffer {
  const header = Buffer.alloc(CONFLUENT_HEADER);
  header.writeInt32BE(schemaId, 1);
  return header;
}

const tooShort = (length: number): WeirError => new WeirError('EVENT_TOO_SHORT', `record of ${length} bytes`);
const unknownSchema = (name: string): WeirError =>
  new WeirError('EVENT_UNKNOWN_SCHEMA', `no schema for ${name}`, { fix: 'Upgrade this reader before its writers.' });
