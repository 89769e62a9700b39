import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;

const integer = (description: string, fallback: number, minimum = 0, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ description, default: fallback, minimum, maximum });
const text = (description: string, fallback: string) => Type.String({ description, default: fallback });
const flag = (description: string, fallback: boolean) => Type.Boolean({ description, default: fallback });
/** A value that is printed as [redacted]. */
const secret = (description: string) => Type.String({ description, default: '', secret: true });
const port = (description: string, fallback: number) => integer(description, fallback, 0, 65_535);

const MEBIBYTE = 1024 * 1024;
const HOUR_MS = 3_600_000;

const topic = (name: string, retentionMs: number, maxBytes: number) =>
  Type.Object(
    {
      retention_ms: integer(`Handled records of ${name} older than this are removed, ms.`, retentionMs, 1_000),
      retention_bytes: integer(`Handled records of ${name} beyond this are removed, bytes.`, maxBytes / 4, MEBIBYTE),
      max_bytes: integer(
        `Byte limit of ${name}: bodies are dropped near it, appends refused at it.`,
        maxBytes,
        MEBIBYTE,
      ),
    },
    { ...closed, default: {}, description: `Topic ${name}.` },
  );

const log = Type.Object(
  {
    url: text('Event log: `embedded:<directory>`.', 'embedded:./data/log'),
    fsync_ms: integer('Embedded log: longest time between two fsyncs, ms.', 1_000, 10, 60_000),
    partitions: integer(
      'Partitions of each topic; may grow, never shrink. More than one lets more processes share the work.',
      1,
      1,
      1_000,
    ),
    requests: topic('weir.requests', 24 * HOUR_MS, 8_192 * MEBIBYTE),
    costs: topic('weir.costs', 72 * HOUR_MS, 4_096 * MEBIBYTE),
  },
  { ...closed, default: {}, description: 'The event log that every service shares.' },
);

const warehouse = Type.Object(
  {
    url: text(
      '`chdb:<directory>` (in process) or `http(s)://host:8123` (a ClickHouse server).',
      'chdb:./data/warehouse',
    ),
    username: text('User of a ClickHouse server.', 'default'),
    password: secret('Its password; write ${CLICKHOUSE_PASSWORD} to take it from the environment.'),
    mode: Type.Union([Type.Literal('single'), Type.Literal('cluster'), Type.Literal('cloud')], {
      description: 'Which form of the migrations to apply.',
      default: 'single',
    }),
    cluster: text('Name of the cluster in mode `cluster`.', 'default'),
  },
  { ...closed, default: {}, description: 'Where the ledger lives.' },
);

const ingress = Type.Object(
  {
    host: text('Address to listen on; 0.0.0.0 for every interface.', '127.0.0.1'),
    port: port('Port of the gateway.', 8_787),
    workers: integer('Processes that share the port; 0 = one per core.', 0, 0, 256),
    capture_head_bytes: integer('Kept from the start of a body.', MEBIBYTE, 1_024, 64 * MEBIBYTE),
    capture_tail_bytes: integer('Kept from the end of a body that is longer.', MEBIBYTE / 4, 1_024, 64 * MEBIBYTE),
    capture_total_bytes: integer('All captured bodies in flight, per process.', 256 * MEBIBYTE, MEBIBYTE),
    request_body_bytes_max: integer('Larger request bodies are refused with 413.', 256 * MEBIBYTE, 1_024),
    connect_timeout_ms: integer('Time to connect to a provider.', 10_000, 1),
    first_byte_timeout_ms: integer("Time to a provider's first byte.", 600_000, 1),
    idle_timeout_ms: integer('Longest silence inside an answer.', 600_000, 1),
    drain_timeout_ms: integer('After the client left, how long its answer is still read, for the true usage.', 30_000),
    drain_bytes: integer('After the client left, how much of its answer is still read.', 16 * MEBIBYTE),
    shutdown_grace_ms: integer('How long a stop waits for open streams.', 30_000),
    key_pepper: secret('Mixed into key fingerprints, so that they cannot be compared between installations.'),
  },
  { ...closed, default: {}, description: 'The gateway.' },
);

const provider = Type.Object(
  { base_url: Type.String({ description: 'Called instead of the public address.', pattern: '^https?://' }) },
  closed,
);

const gateway = Type.Object(
  { collect_payloads: flag('Keep request and response bodies. False: they are never written anywhere.', true) },
  { ...closed, description: 'A gateway: the second path segment after /v1.' },
);

const slug = '^[a-z0-9][a-z0-9-]{0,63}$';

/** The whole of weir.yaml: types, defaults and the words of docs/configuration.md. */
export const configSchema = Type.Object(
  {
    ingress,
    log,
    warehouse,
    loader: Type.Object(
      {
        batch_rows: integer('Most rows of one insert.', 20_000, 1, 500_000),
        batch_bytes: integer('Most bytes of one insert.', 16 * MEBIBYTE, MEBIBYTE / 16),
        linger_ms: integer('Longest wait for a batch to fill.', 500, 0, 60_000),
      },
      { ...closed, default: {}, description: 'Log to warehouse.' },
    ),
    sql: Type.Object(
      {
        enabled: flag('Answer the ClickHouse HTTP interface (embedded warehouse only).', true),
        host: text('Address to listen on.', '127.0.0.1'),
        port: port('Port of the SQL endpoint.', 8_123),
        read_only: flag('Refuse everything but queries.', true),
        username: text('User a client must name.', 'default'),
        password: secret('Its password; empty = none asked.'),
      },
      { ...closed, default: {}, description: 'SQL over HTTP in front of the embedded warehouse.' },
    ),
    console: Type.Object(
      {
        enabled: flag('Serve the console.', true),
        host: text('Address to listen on.', '127.0.0.1'),
        port: port('Port of the console.', 8_788),
      },
      { ...closed, default: {}, description: 'The web page.' },
    ),
    cost: Type.Object(
      {
        estimate_usage: flag('Count tokens of a chat or an embedding whose provider sent no usage.', true),
        price_book: text('Price book to price by: a file or an https address. Empty = the one of this release.', ''),
        price_book_sha256: text('SHA-256 that it must have, hex. An address needs one.', ''),
        price_terms: text('JSON file of prices of your own: overrides and discounts.', ''),
      },
      { ...closed, default: {}, description: 'What calls cost.' },
    ),
    payloads: Type.Object(
      {
        store: flag('Load bodies into the warehouse.', true),
        retention_days: integer('Bodies are removed after this many days.', 30, 1, 3_650),
      },
      { ...closed, default: {}, description: 'Request and response bodies.' },
    ),
    gateways: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }), gateway, {
      ...closed,
      default: { default: {} },
      description: 'Gateways by id; `default` always exists.',
    }),
    providers: Type.Record(Type.String({ pattern: slug }), provider, {
      ...closed,
      default: {},
      description: 'Changed addresses of built-in providers, by slug.',
    }),
    custom_providers: Type.Record(Type.String({ pattern: slug }), provider, {
      ...closed,
      default: {},
      description: 'Providers of your own, called as /custom-<slug>/…',
    }),
    schema_registry: Type.Object(
      {
        url: text('Confluent-compatible registry; empty = Avro single-object encoding, no registry.', ''),
        authorization: secret('`Authorization` header for it.'),
      },
      { ...closed, default: {}, description: 'Confluent framing of events.' },
    ),
    logging: Type.Object(
      {
        level: Type.Union(
          ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => Type.Literal(level)),
          { description: 'Least level that is written.', default: 'info' },
        ),
        format: Type.Union([Type.Literal('auto'), Type.Literal('pretty'), Type.Literal('json')], {
          description: '`auto`: pretty on a terminal, JSON elsewhere.',
          default: 'auto',
        }),
      },
      { ...closed, default: {}, description: 'Log lines, on standard error.' },
    ),
  },
  { ...closed, title: 'weir.yaml', description: 'Configuration of Weir. Every key has a default.' },
);

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Validated, complete, deep-frozen configuration; key names as in weir.yaml. */
export type Config = DeepReadonly<Static<typeof configSchema>>;
