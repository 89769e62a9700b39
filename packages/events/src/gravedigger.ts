import { errorCode, errorMessage } from '@weir/kernel';
import { createCodec, EVENTS } from './codecs.ts';
import type { Framing } from './event-codec.ts';

/** A record of the log, as its driver gives it. */
export interface BuriedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

/** A record that could not be handled, and why. */
export interface Dead {
  readonly record: BuriedRecord;
  readonly error: unknown;
  /** Fingerprint of the writer's schema, '' when unreadable. */
  readonly fingerprint: string;
}

export interface GravediggerOptions {
  readonly service: string;
  readonly version: string;
  readonly now: () => number;
  readonly framing?: Framing | undefined;
  /** Resolves when durable. */
  append(topic: string, records: readonly { key: string; value: Buffer }[]): Promise<unknown>;
  /** For the log line and the counter. */
  onBuried(place: string, error: unknown): void;
}

const MESSAGE_CHARACTERS = 500;

/** Makes the function that writes dead letters; it resolves when they are durable, so that commits may pass them (I3). */
export function createGravedigger(options: GravediggerOptions): (dead: readonly Dead[]) => Promise<void> {
  const codec = createCodec('dead-letter', options.framing);
  return async function bury(dead) {
    if (dead.length === 0) return;
    const letters = dead.map(({ record, error, fingerprint }) => {
      const place = `${record.topic}/${record.partition}/${record.offset}`;
      options.onBuried(place, error);
      const value = codec.encode({
        ts: options.now(),
        service: options.service,
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        key: record.key,
        headers: record.headers,
        value: Buffer.from(record.value),
        error_code: errorCode(error),
        error_message: errorMessage(error).slice(0, MESSAGE_CHARACTERS),
        schema_fingerprint: fingerprint,
        weir_version: options.version,
      });
      return { key: place, value };
    });
    await options.append(EVENTS['dead-letter'].topic, letters);
  };
}
