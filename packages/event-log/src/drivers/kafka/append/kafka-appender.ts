import { sleep, WeirError } from '@weir/kernel';
import type { LogRecord, Position } from '../../../event-log.ts';
import { checkRecordSize, partitionForRecord, recordBytes } from '../../../topic-rules.ts';
import { KafkaClient } from '../client/kafka-client.ts';
import { kafkaError } from '../client/kafka-errors.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import { type AppendEntry, AppendRequest } from './append-request.ts';
import { IdempotentWriter } from './idempotent-writer.ts';

/** What Kafka stores with each record, at most, besides key, headers and value. */
const RECORD_OVERHEAD_BYTES = 64;

/** Gathers the appends of this process into requests, one under way per topic, within limits of count and bytes (I7). */
export class KafkaAppender {
  readonly #settings: KafkaSettings;
  readonly #client: KafkaClient;
  readonly #topics = new Map<string, TopicQueue>();
  #queuedRecords = 0;
  #queuedBytes = 0;
  #spread = 0;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
    this.#client = new KafkaClient(settings);
  }

  /** @throws WeirError as the port says. */
  async append(topic: string, records: readonly LogRecord[]): Promise<readonly Position[]> {
    const { maxRecordBytes, clock } = this.#settings;
    const sizes = records.map((record) => recordBytes(record));
    for (const size of sizes) checkRecordSize(topic, size, maxRecordBytes);
    if (!this.#client.knows(topic)) await this.#client.use([topic]);
    const partitions = await this.#partitionsOf(records, topic);
    this.#spread += 1;
    const chosen = records.map((record) => partitionForRecord(record, partitions, this.#spread));
    const bytes = sizes.reduce((sum, size) => sum + size + RECORD_OVERHEAD_BYTES, 0);
    this.#admit(topic, records.length, bytes);
    const request = new AppendRequest(records.length, () => {
      this.#queuedRecords -= records.length;
      this.#queuedBytes -= bytes;
    });
    const now = clock.now();
    const entries = records.map((record, index) => ({
      of: request,
      index,
      record,
      partition: chosen[index] ?? 0,
      bytes: (sizes[index] ?? 0) + RECORD_OVERHEAD_BYTES,
      timestampMs: Math.trunc(record.timestampMs ?? now),
    }));
    this.#queue(topic).add(entries);
    return request.result;
  }

  /** Waits for what was accepted, then disconnects. */
  async close(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((queue) => queue.idle()));
    this.#client.destroy();
  }

  /** Drops what waits, as a killed process does. */
  abandon(): void {
    this.#client.destroy();
  }

  /** Someone may have added the partition that a record names. */
  async #partitionsOf(records: readonly LogRecord[], topic: string): Promise<number> {
    const known = this.#client.partitions(topic);
    if (records.every(({ partition }) => partition === undefined || partition < known)) return known;
    try {
      await this.#client.refresh();
    } catch (error) {
      throw kafkaError(error, `looking for the partitions of ${topic}`);
    }
    return this.#client.partitions(topic);
  }

  /** @throws WeirError `LOG_FULL`. */
  #admit(topic: string, records: number, bytes: number): void {
    const { maxQueuedRecords, maxQueuedBytes } = this.#settings.append;
    const full = this.#queuedRecords + records > maxQueuedRecords || this.#queuedBytes + bytes > maxQueuedBytes;
    // One larger append is let in when nothing else waits; it could never be stored otherwise.
    if (full && this.#queuedRecords > 0) {
      throw new WeirError('LOG_FULL', `${this.#queuedRecords} records wait in this process for ${topic} and others`, {
        retriable: true,
        fix: 'Wait, then append again; nothing of this append was stored. The brokers are slow or cannot be reached.',
        details: { topic, records: this.#queuedRecords, bytes: this.#queuedBytes },
      });
    }
    this.#queuedRecords += records;
    this.#queuedBytes += bytes;
  }

  #queue(topic: string): TopicQueue {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    const queue = new TopicQueue(this.#settings, new IdempotentWriter(this.#settings, this.#client, topic));
    this.#topics.set(topic, queue);
    return queue;
  }
}

class TopicQueue {
  readonly #settings: KafkaSettings;
  readonly #writer: IdempotentWriter;
  #waiting: AppendEntry[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  /** Ends the linger early. */
  #full = new AbortController();

  constructor(settings: KafkaSettings, writer: IdempotentWriter) {
    this.#settings = settings;
    this.#writer = writer;
  }

  add(entries: readonly AppendEntry[]): void {
    for (const entry of entries) {
      this.#waiting.push(entry);
      this.#waitingBytes += entry.bytes;
    }
    const { maxBatchRecords, maxBatchBytes } = this.#settings.append;
    if (this.#waiting.length >= maxBatchRecords || this.#waitingBytes >= maxBatchBytes) this.#full.abort();
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    await sleep(this.#settings.append.lingerMs, this.#full.signal);
    this.#full = new AbortController();
    // What comes in while a request is under way travels in the next one.
    while (this.#waiting.length > 0) {
      const entries = this.#take();
      await this.#writer.write(entries.filter((entry) => !entry.of.rejected));
    }
    // In the same step that found nothing waiting, so that an append right after it starts anew.
    this.#running = undefined;
  }

  #take(): AppendEntry[] {
    const { maxBatchRecords, maxBatchBytes } = this.#settings.append;
    let count = 0;
    let bytes = 0;
    for (const entry of this.#waiting) {
      if (count > 0 && (count >= maxBatchRecords || bytes + entry.bytes > maxBatchBytes)) break;
      count += 1;
      bytes += entry.bytes;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}
