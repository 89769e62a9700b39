import { type Static, Type } from 'typebox';
import { accounts, gateways, providerKeys, sharedState, tokens } from './gateway-schema.ts';
import { otel } from './otel-schema.ts';
import { closed, flag, integer, MEBIBYTE, NAME, port, SLUG, secret, text } from './schema-fields.ts';

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

const kafka = Type.Object(
  {
    client_id: text("Names this installation in the brokers' logs and quotas.", 'weir'),
    tls: flag('Connect with TLS.', false),
    tls_ca_file: text('File of the certificate authority (PEM); empty = the authorities of the system.', ''),
    sasl: Type.Union(
      ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'].map((mechanism) => Type.Literal(mechanism)),
      { description: 'How to authenticate.', default: 'none' },
    ),
    username: text('SASL user; of `oauthbearer` the client id.', ''),
    password: secret('SASL password; of `oauthbearer` the client secret.'),
    token_url: text('`oauthbearer`: where a token is had for the client id and secret.', ''),
    token_scope: text('`oauthbearer`: the scope asked for.', ''),
    session_timeout_ms: integer('A service that is silent for so long loses its partitions to others.', 45_000, 1_000),
    manage_topics: flag(
      'Create topics and keep their settings; false: they must exist (infra/kafka/topics.yaml).',
      true,
    ),
    replication_factor: integer("Of topics that are created; 0 = the brokers' default.", 0, 0, 100),
  },
  { ...closed, default: {}, description: 'Settings of a `kafka://` log.' },
);

const log = Type.Object(
  {
    url: text('Event log: `embedded:<directory>` or `kafka://host:9092,host2:9092`.', 'embedded:./data/log'),
    spool: text('Directory of the local spool that stands in front of Kafka.', './data/spool'),
    kafka,
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
    kept_body_bytes_max: integer(
      'A larger request body is sent as it comes, hence once: no retry, no cache; a larger universal request is refused.',
      32 * MEBIBYTE,
    ),
    retry_after_max_ms: integer('A provider that asks to wait longer before a retry is not asked again.', 30_000),
    assumed_output_tokens: integer(
      'Most that a call is taken to answer when its request does not say, for limits and budgets in tokens and money.',
      16_384,
    ),
    calls_in_flight_max: integer('Calls at a time, per process; more are refused with 503.', 4_096, 1),
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

/** A token in lower case that does not belong to the connection, which is Weir's. */
const headerName =
  '^(?!(?:host|connection|content-length|transfer-encoding|keep-alive|te|trailer|upgrade|expect|proxy-connection)$)[a-z0-9_-]{1,64}$';

const customProvider = Type.Object(
  {
    base_url: Type.String({ description: 'Where it is.', pattern: '^https?://' }),
    headers: Type.Record(
      Type.String({ pattern: headerName }),
      Type.String({
        description:
          "Request header, name in lower case, sent instead of the client's of that name; write ${NAME} to take a secret from the environment. Empty: not sent.",
        default: '',
        pattern: '^[\\x20-\\x7e]*$',
        secret: true,
      }),
      { ...closed, default: {}, description: 'Request headers added to its calls.' },
    ),
  },
  closed,
);

const budgetAdjustment = Type.Object(
  {
    from: Type.String({ description: 'A day (`2026-11-20`, from 00:00 UTC) or a time with its zone.' }),
    until: text('Until when another limit holds; empty = for ever.', ''),
    limit: text('The limit, in its unit, as text, of every period with a moment in that time.', ''),
    add: text('What the one period that holds `from` has on top, as text.', ''),
    scope: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })]), {
      default: {},
      description: 'Only for these values of the dimensions in `per`.',
    }),
    reason: Type.String({ minLength: 1, description: 'Why; alerts quote it.' }),
  },
  { ...closed, description: 'An override (`limit`) or a top-up (`add`).' },
);

const budget = Type.Object(
  {
    scope: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })]), {
      default: {},
      description:
        'Only events with these dimension values count, e.g. `feature: chat` or `env: [prod, staging]`; `tags.<key>` for other metadata. Text in quotes where YAML would read a number.',
    }),
    per: Type.Array(Type.String(), {
      default: [],
      maxItems: 4,
      description: 'One state, with the whole limit, for each combination of the values of these dimensions.',
    }),
    max_scopes: integer(
      'Combinations kept apart at a time; further ones share one state without alerts.',
      1_000,
      1,
      20_000,
    ),
    period: text('`hour`, `day`, `week`, `month`, `quarter`, `year`, or `rolling 24h`, `rolling 7d`.', 'month'),
    starts_on: integer(
      'First day: of a week 1 (Monday) to 7; of a month, quarter or year 1 to 31 (in a shorter month its last day).',
      1,
      1,
      31,
    ),
    time_zone: text('IANA time zone of calendar periods.', 'UTC'),
    limit_usd: Type.String({ default: '', description: 'Limit in USD, as text: `"250.00"` (quotes needed).' }),
    limit_tokens: integer('Limit in tokens (total_tokens).', 0),
    limit_requests: integer('Limit in requests (ledger rows).', 0),
    thresholds: Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 10 }), {
      default: [0.5, 0.8, 1],
      maxItems: 10,
      description: 'Shares of the limit at which an alert fires, once in a period.',
    }),
    enforcement: Type.Union([Type.Literal('soft'), Type.Literal('hard')], {
      default: 'soft',
      description: 'What the state of the budget becomes at its limit.',
    }),
    cut_streams: flag(
      'Of a hard budget: a streamed answer that outgrows what was reserved for it is ended when nothing is left.',
      false,
    ),
    alert_on: Type.Object(
      {
        burn_rate: flag('Use that is far faster than the limit lasts: windows of 1 h, 6 h and 24 h.', false),
        forecast: flag('The limit is going to be passed in this week, month, quarter or year.', false),
      },
      { ...closed, default: {}, description: 'What is warned of before a threshold is reached.' },
    ),
    adjustments: Type.Array(budgetAdjustment, {
      default: [],
      maxItems: 200,
      description: 'Other limits for some time, and top-ups, each with its reason.',
    }),
  },
  { ...closed, description: 'A limit on spend, tokens or requests in a period.' },
);

const webhook = Type.Object(
  {
    url: Type.String({
      description:
        'Called with POST; redirects are refused. For `email` `smtp://user:password@host:587` or `smtps://…`. Secrets by `${NAME}`.',
      pattern: '^(https?|smtps?)://',
      secret: true,
    }),
    secret: secret(
      'Signs each call (HMAC-SHA256, Standard Webhooks); `whsec_<base64>` or any text; empty = unsigned. For `pagerduty` the routing key.',
    ),
    from: text('`email`: the sender.', ''),
    to: Type.Array(Type.String({ minLength: 3 }), {
      default: [],
      maxItems: 50,
      description: '`email`: the receivers.',
    }),
    events: Type.Array(Type.Union([Type.Literal('open'), Type.Literal('update'), Type.Literal('resolved')]), {
      default: ['open', 'resolved'],
      description: 'Which changes of an alert are sent: `open`, `update`, `resolved`.',
    }),
    kinds: Type.Array(Type.String(), {
      default: [],
      description: 'Kinds of alert that are sent, such as `budget`; empty = all.',
    }),
    min_severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('critical')], {
      default: 'info',
      description: 'Alerts below it are not sent.',
    }),
    format: Type.Union(
      [
        Type.Literal('json'),
        Type.Literal('slack'),
        Type.Literal('teams'),
        Type.Literal('pagerduty'),
        Type.Literal('email'),
      ],
      {
        default: 'json',
        description:
          '`json`: the whole event. `slack`, `teams`, `pagerduty` (Events API v2), `email`: what each of them reads.',
      },
    ),
    group_wait_ms: integer(
      'Alerts within this time are told by one call (`json`: `{"alerts": […]}`); 0 = each by its own. Not for `pagerduty`.',
      0,
      0,
      3_600_000,
    ),
    group_max: integer('Most alerts of one call.', 20, 1, 100),
    max_per_minute: integer('Most calls in a minute; further alerts wait. 0 = no bound.', 60, 0, 10_000),
    timeout_ms: integer('Longest wait for an answer.', 10_000, 100, 120_000),
    max_attempts: integer('Tries before the event goes to weir.dead-letters (1 s to 5 min apart).', 12, 1, 100),
  },
  { ...closed, description: 'An address that is told of alerts.' },
);

const anomalies = Type.Object(
  {
    enabled: flag('Detect anomalies in the cost events.', true),
    late_ms: integer(
      'How long an attempt is waited for after its time; what is later counts as of when it came.',
      10_000,
      0,
      600_000,
    ),
    tick_ms: integer('How often time passes while nothing comes, ms: silence is noticed by it.', 5_000, 50, 60_000),
    snapshot_ms: integer('Least time between two snapshots of the state, ms.', 30_000, 50, 3_600_000),
    time_zone: text('IANA time zone by which hours and days of the week are usual.', 'UTC'),
    time_zones: Type.Record(Type.String({ pattern: '^[^/]{1,64}(/[^/]{1,64})?$' }), Type.String(), {
      ...closed,
      default: {},
      description: 'The same by tenant: `account` or `account/gateway`.',
    }),
    history_days: integer('Days of the ledger that are learnt from when there is no state yet; 0 = none.', 35, 0, 400),
    history_rows: integer('Most rows that are learnt from, the newest days first.', 5_000_000, 0),
  },
  { ...closed, default: {}, description: 'Detection; see [anomalies](anomalies.md).' },
);

const exporter = Type.Object(
  {
    url: text(
      'Where finished hours go: `file:<directory>` or `s3://bucket/prefix?endpoint=…&region=…&force_path_style=true`; empty = nowhere.',
      '',
    ),
    access_key_id: secret('Key of the bucket; empty = the AWS SDK’s own chain (environment, profile, role).'),
    secret_access_key: secret('Its secret; write ${EXPORT_SECRET_ACCESS_KEY} to take it from the environment.'),
    format: Type.Union([Type.Literal('parquet'), Type.Literal('jsonl')], {
      description: '`parquet` (zstd) or `jsonl` (one JSON object a line).',
      default: 'parquet',
    }),
    datasets: Type.Object(
      {
        requests: flag('The ledger: one row per upstream attempt.', true),
        cost_lines: flag('What each cost is made of: one row per line.', true),
        cost_adjustments: flag('Corrections.', true),
        usage_1h: flag('Sums by hour, environment, provider and model.', true),
        focus: flag('Charges with the columns of FOCUS 1.2.', true),
        anomalies: flag('Cost anomalies.', true),
        payloads: flag('Request and response bodies, and nothing less: opt-in.', false),
      },
      { ...closed, default: {}, description: 'What is exported.' },
    ),
    from: text('Hours before this are not exported, e.g. 2026-11-22T00; empty = since the first row.', ''),
    lag_ms: integer('How long after its end an hour waits for requests that still run.', 900_000),
    interval_ms: integer('Pause between two looks at what is due.', 60_000, 100),
    delete_grace_ms: integer('Replaced and unfinished files are removed after this.', HOUR_MS, 1_000),
    file_rows: integer('Most rows of one file.', 1_000_000, 1),
    file_bytes: integer('Most bytes of one file.', 512 * MEBIBYTE, 1_024),
    part_bytes: integer(
      'Part of a multipart upload; memory is this × (parallel_parts + 1).',
      8 * MEBIBYTE,
      5 * MEBIBYTE,
    ),
    parallel_parts: integer('Parts in flight at a time.', 4, 1, 64),
  },
  { ...closed, default: {}, description: 'Batch export of finished hours to object storage.' },
);

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
        on_data_error: Type.Union([Type.Literal('halt'), Type.Literal('quarantine')], {
          description:
            'When the warehouse refuses rows for their content: `halt` the partition and say so, or `quarantine` the rows as dead letters.',
          default: 'halt',
        }),
        audit_ms: integer('How often rollups are compared with the rows.', HOUR_MS, 1_000, 24 * HOUR_MS),
        repair_rollups: flag('Make rollups anew for days on which they differ from the rows.', true),
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
        price_book_sha256: text('SHA-256 that it must have, hex. An address needs this or a key.', ''),
        price_book_key: text(
          'Ed25519 public key (PEM or base64) that must have signed it; the signature lies beside it as `<book>.sig`.',
          '',
        ),
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
    cache: Type.Object(
      {
        url: Type.String({
          description:
            'Where cached answers are: `file:<directory>` (shared by the processes of one machine), `redis://host:6379` (by all machines), `memory:` (one process).',
          default: 'file:./data/cache',
          pattern: '^(file:.+|memory:|rediss?://.+)$',
          secret: true,
        }),
        max_bytes: integer(
          'All entries together; beyond it those that expire first go first. Redis has a limit of its own.',
          1_024 * MEBIBYTE,
          MEBIBYTE,
        ),
        max_entries: integer('As above, in entries.', 100_000, 1),
        wait_ms: integer(
          'How long a call waits for an equal one that fetches the answer; then it fetches for itself.',
          30_000,
        ),
      },
      {
        ...closed,
        default: {},
        description: 'Cached answers; a gateway or a call switches the cache on ([caching](caching.md)).',
      },
    ),
    export: exporter,
    accounts,
    gateways,
    tokens,
    provider_keys: providerKeys,
    shared_state: sharedState,
    providers: Type.Record(Type.String({ pattern: SLUG }), provider, {
      ...closed,
      default: {},
      description: 'Changed addresses of built-in providers, by slug.',
    }),
    custom_providers: Type.Record(Type.String({ pattern: SLUG }), customProvider, {
      ...closed,
      default: {},
      description: 'Providers of your own, called as /custom-<slug>/…',
    }),
    budgets: Type.Record(Type.String({ pattern: NAME }), budget, {
      ...closed,
      default: {},
      description: 'Budgets by id; see [budgets](budgets.md).',
    }),
    anomalies,
    webhooks: Type.Record(Type.String({ pattern: NAME }), webhook, {
      ...closed,
      default: {},
      description: 'Webhooks by name, for the events of weir.cost-anomalies; see [budgets](budgets.md#webhooks).',
    }),
    schema_registry: Type.Object(
      {
        url: text('Confluent-compatible registry; empty = Avro single-object encoding, no registry.', ''),
        authorization: secret('`Authorization` header for it.'),
      },
      { ...closed, default: {}, description: 'Confluent framing of events.' },
    ),
    otel,
    observe: Type.Object(
      {
        host: text('Address to listen on.', '127.0.0.1'),
        port: port('Port of /healthz, /readyz and /metrics of a service that runs alone.', 9_464),
      },
      { ...closed, default: {}, description: '`weir run <service>`: health and metrics.' },
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
