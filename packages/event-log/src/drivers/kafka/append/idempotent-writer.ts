import { backoffMs, errorCode, sleep } from '@weir/kernel';
import type { KafkaClient, Produced } from '../client/kafka-client.ts';
import { kafkaError, kafkaErrorType } from '../client/kafka-errors.ts';
import { CompressionTypes, createErrorFromCode, type ProducerId } from '../client/kafkajs-internals.ts';
import type { KafkaSettings } from '../kafka-options.ts';
import type { AppendEntry } from './append-request.ts';

const RETRY_BACKOFF = { baseMs: 50, capMs: 2_000 } as const;
/** kafkajs asks for it; it means nothing without transactions. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const COMPRESSION = { zstd: CompressionTypes.ZSTD, gzip: CompressionTypes.GZIP, none: CompressionTypes.None } as const;
/** The broker answers with these after it may have stored the batch. */
const AFTER_STORING = new Set(['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'DUPLICATE_SEQUENCE_NUMBER']);
/** The broker forgot this producer, or never knew it: a new identity helps. */
const IDENTITY_LOST = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
]);

/** What is known of a producer id: the next sequence number of each partition. */
interface Identity {
  readonly id: ProducerId;
  readonly next: Map<number, number>;
}

/** Records of one partition that are sent together, and again under the same number until the broker has them once. */
interface Batch {
  readonly partition: number;
  readonly entries: readonly AppendEntry[];
  readonly messages: readonly object[];
  identity: Identity | undefined;
  firstSequence: number;
  maybeStored: boolean;
}

interface Refusal {
  readonly batch: Batch;
  readonly error: unknown;
}

/**
 * Writes to one topic, one round at a time, as an idempotent producer: a batch that is sent again after a lost answer
 * carries the same sequence number, and the broker stores it once. kafkajs's own producer is not used because it sends
 * again under a new number while the first request is still under way when only one of several brokers fails.
 */
export class IdempotentWriter {
  readonly #settings: KafkaSettings;
  readonly #client: KafkaClient;
  readonly #topic: string;
  #identity: Identity | undefined;

  constructor(settings: KafkaSettings, client: KafkaClient, topic: string) {
    this.#settings = settings;
    this.#client = client;
    this.#topic = topic;
  }

  /** Stores the entries in order, and settles them; never throws. */
  async write(entries: readonly AppendEntry[]): Promise<void> {
    const { clock, append } = this.#settings;
    const deadline = clock.monotonic() + append.timeoutMs;
    let pending = toBatches(entries);
    for (let attempt = 0; pending.length > 0; attempt += 1) {
      const { round, later } = firstOfEach(pending);
      const refusals = await this.#attempt(round);
      const late = clock.monotonic() > deadline || this.#client.destroyed;
      const again = refusals.flatMap((refusal) => this.#judge(refusal, late));
      pending = [...again, ...later];
      if (again.length === 0) continue;
      await sleep(backoffMs(attempt, RETRY_BACKOFF));
      await this.#client.refresh().catch(() => {});
    }
  }

  /** Sends each batch to the leader of its partition; settles what is stored and returns the rest. */
  async #attempt(batches: readonly Batch[]): Promise<Refusal[]> {
    try {
      await this.#client.refreshWhenOld();
      await this.#identify(batches);
    } catch (error) {
      return batches.map((batch) => ({ batch, error }));
    }
    const groups = new Map<string, { readonly leader: number; readonly batches: Batch[] }>();
    const refusals: Refusal[] = [];
    for (const batch of batches) {
      const leader = this.#client.leader(this.#topic, batch.partition);
      if (leader === undefined) {
        refusals.push({ batch, error: createErrorFromCode(LEADER_NOT_AVAILABLE) });
        continue;
      }
      const key = `${leader} ${batch.identity?.id.producerId}`;
      const group = groups.get(key) ?? { leader, batches: [] };
      group.batches.push(batch);
      groups.set(key, group);
    }
    const sent = await Promise.all([...groups.values()].map((group) => this.#send(group.leader, group.batches)));
    return [...refusals, ...sent.flat()];
  }

  async #identify(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      if (batch.identity !== undefined) continue;
      this.#identity ??= await this.#newIdentity();
      batch.identity = this.#identity;
      batch.firstSequence = this.#identity.next.get(batch.partition) ?? 0;
    }
  }

  async #newIdentity(): Promise<Identity> {
    const broker = await this.#client.anyBroker();
    const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: TRANSACTION_TIMEOUT_MS });
    return { id: { producerId, producerEpoch }, next: new Map() };
  }

  async #send(leader: number, batches: readonly Batch[]): Promise<Refusal[]> {
    const before = batches.map((batch) => batch.maybeStored);
    let answers: readonly Produced[];
    try {
      const broker = await this.#client.broker(leader);
      for (const batch of batches) batch.maybeStored = true;
      const codec = COMPRESSION[this.#settings.append.compression];
      answers = await this.#client.produce(
        broker,
        this.#topic,
        batches[0]?.identity?.id ?? NO_PRODUCER,
        batches,
        codec,
      );
    } catch (error) {
      return batches.map((batch) => ({ batch, error }));
    }
    return batches.flatMap((batch, index) => {
      const answer = answers.find((each) => each.partition === batch.partition);
      if (answer?.errorCode === 0) {
        confirm(batch, answer.baseOffset);
        return [];
      }
      const error = createErrorFromCode(answer?.errorCode ?? UNKNOWN);
      if (!AFTER_STORING.has(error.type)) batch.maybeStored = before[index] ?? true;
      return [{ batch, error }];
    });
  }

  /** What to send again of a batch that was not confirmed; rejects the rest. */
  #judge({ batch, error }: Refusal, late: boolean): Batch[] {
    const type = kafkaErrorType(error) ?? '';
    if (type === 'MESSAGE_TOO_LARGE' && batch.entries.length > 1) return halves(batch);
    const mapped = kafkaError(error, `appending to ${this.#topic}`);
    if (IDENTITY_LOST.has(type)) {
      this.#identity = undefined;
      if (!batch.maybeStored && !late) return [{ ...batch, identity: undefined }];
    } else if (!late && isRetriable(error, mapped)) return [batch];
    // Its number may be taken or not, so nothing can follow it under this identity.
    if (batch.maybeStored) this.#identity = undefined;
    for (const entry of batch.entries) entry.of.reject(mapped, batch.maybeStored);
    return [];
  }
}

const LEADER_NOT_AVAILABLE = 5;
const UNKNOWN = -1;
const NO_PRODUCER: ProducerId = { producerId: '-1', producerEpoch: 0 };

function isRetriable(error: unknown, mapped: unknown): boolean {
  if (errorCode(mapped) === 'LOG_UNAVAILABLE') return true;
  return typeof error === 'object' && error !== null && 'retriable' in error && error.retriable === true;
}

function confirm(batch: Batch, baseOffset: number): void {
  // Sequence numbers are 31 bits wide, and begin again at 0.
  batch.identity?.next.set(batch.partition, (batch.firstSequence + batch.entries.length) % 2 ** 31);
  batch.entries.forEach((entry, index) => {
    entry.of.stored(entry.index, { partition: batch.partition, offset: baseOffset + index });
  });
}

function toBatches(entries: readonly AppendEntry[]): Batch[] {
  const byPartition = new Map<number, AppendEntry[]>();
  for (const entry of entries) {
    const own = byPartition.get(entry.partition);
    if (own === undefined) byPartition.set(entry.partition, [entry]);
    else own.push(entry);
  }
  return [...byPartition].map(([partition, own]) => toBatch(partition, own));
}

function toBatch(partition: number, entries: readonly AppendEntry[]): Batch {
  const messages = entries.map(({ record, timestampMs }) => ({
    key: record.key,
    value: Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength),
    headers: record.headers ?? {},
    // As text, because kafkajs takes the number 0 for no time at all.
    timestamp: String(timestampMs),
  }));
  return { partition, entries, messages, identity: undefined, firstSequence: 0, maybeStored: false };
}

/** The broker's limit is below this log's: find the record that is too large, and store the others. */
function halves({ partition, entries }: Batch): Batch[] {
  const middle = Math.ceil(entries.length / 2);
  return [entries.slice(0, middle), entries.slice(middle)].map((half) => toBatch(partition, half));
}

/** One batch of each partition is under way at a time; an append that was rejected is not sent any further. */
function firstOfEach(batches: readonly Batch[]): { readonly round: Batch[]; readonly later: Batch[] } {
  const round: Batch[] = [];
  const later: Batch[] = [];
  const partitions = new Set<number>();
  for (const batch of batches) {
    const live = batch.entries.filter((entry) => !entry.of.rejected);
    const next = live.length === batch.entries.length || batch.maybeStored ? batch : toBatch(batch.partition, live);
    if (next.entries.length === 0) continue;
    if (partitions.has(batch.partition)) later.push(next);
    else round.push(next);
    partitions.add(batch.partition);
  }
  return { round, later };
}
