/** Prints the events of weir.cost-anomalies, one line each, and commits after each. */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { Kafka, logLevel } from 'kafkajs';

const TOPIC = 'weir.cost-anomalies';
const { KAFKA_BROKERS = '127.0.0.1:9092', GROUP_ID = 'example', SCHEMA_REGISTRY = '' } = process.env;
const SCHEMAS = process.env['SCHEMAS'] ?? `${import.meta.dirname}/../../../schemas`;

/** The fields this program uses; avsc leaves decimals as bytes and timestamps as milliseconds. */
interface Anomaly {
  readonly anomaly_id: string;
  readonly version: number;
  readonly status: string;
  readonly severity: string;
  readonly kind: string;
  readonly started_at: number;
  readonly impact_usd: Buffer;
  readonly message: string;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const ownType = avro.Type.forSchema(readJson(`${SCHEMAS}/cost-anomaly.avsc`) as avro.Schema);
const readers = new Map<string, avro.Type | Promise<avro.Type>>();

/** Schema by its fingerprint: every version ever published lies in schemas/golden. */
function publishedSchema(fingerprint: string): avro.Type {
  const golden = readJson(`${SCHEMAS}/golden/cost-anomaly/${fingerprint}.json`) as { schema: avro.Schema };
  return avro.Type.forSchema(golden.schema);
}

/** Schema by its id in a registry. */
async function registeredSchema(id: number): Promise<avro.Type> {
  const response = await fetch(`${SCHEMA_REGISTRY}/schemas/ids/${id}`);
  if (!response.ok) throw new Error(`the schema registry answered ${response.status} for id ${id}`);
  const { schema } = (await response.json()) as { schema: string };
  return avro.Type.forSchema(JSON.parse(schema) as avro.Schema);
}

/** Decodes by the schema that the record names, into the schema this program knows. */
async function decode(value: Buffer): Promise<Anomaly> {
  const single = value[0] === 0xc3 && value[1] === 0x01;
  if (!single && value[0] !== 0x00) throw new Error('neither single-object encoding nor Confluent framing');
  const key = single ? value.readBigUInt64LE(2).toString(16).padStart(16, '0') : `id ${value.readInt32BE(1)}`;
  if (!readers.has(key)) readers.set(key, single ? publishedSchema(key) : registeredSchema(value.readInt32BE(1)));
  const writer = await readers.get(key);
  const body = value.subarray(single ? 10 : 5);
  return ownType.fromBuffer(body, ownType.createResolver(writer as avro.Type)) as Anomaly;
}

/** decimal(18,12) to text without a float: an integer of 10^-12 dollars, two's complement, big-endian. */
function usd(bytes: Buffer): string {
  const pico = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex') || '0'}`));
  const digits = (pico < 0n ? -pico : pico).toString().padStart(13, '0');
  return `${pico < 0n ? '-' : ''}${digits.slice(0, -12)}.${digits.slice(-12)}`;
}

const kafka = new Kafka({ clientId: 'weir-example', brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.WARN });
const consumer = kafka.consumer({ groupId: GROUP_ID });
await consumer.connect();
await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  async eachMessage({ topic, partition, message }) {
    if (message.value !== null) {
      const event = await decode(message.value);
      const started = new Date(event.started_at).toISOString();
      // An event can come twice: anomaly_id and version together tell whether it did.
      console.log(
        `${started} ${event.severity} ${event.status} ${event.kind} ${usd(event.impact_usd)} USD: ${event.message}`,
      );
    }
    // Not before it is handled: a program that dies here reads the event again, and misses none.
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }]);
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.disconnect());
