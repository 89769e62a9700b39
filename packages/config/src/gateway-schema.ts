import { Type } from 'typebox';
import { closed, flag, integer, MEBIBYTE, NAME, SLUG, secret, text } from './schema-fields.ts';

const MONTH_S = 2_592_000;

const rateLimit = Type.Object(
  {
    limit_requests: integer('Calls in a window.', 0, 0, 1_000_000_000),
    limit_tokens: integer(
      'Tokens in a window: the most that a call may use is held back, and set right at its end.',
      0,
    ),
    limit_usd: Type.String({
      default: '',
      description: 'Money in a window, as text: `"5.00"` (quotes needed).',
      pattern: '^(\\d{1,6}(\\.\\d{1,12})?)?$',
    }),
    window: integer('Length of the window, seconds.', 60, 1, MONTH_S),
    technique: Type.Union([Type.Literal('fixed'), Type.Literal('sliding')], {
      description: '`fixed`: windows aligned to the clock. `sliding`: the trailing window.',
      default: 'sliding',
    }),
    per: Type.Array(Type.String(), {
      default: [],
      maxItems: 4,
      description:
        'The whole limit for each combination of these: `token_id`, `user_id`, `session_id`, `api_key_id`, `account`, `env`, `feature`, `provider`, `tags.<key>`.',
    }),
  },
  { ...closed, description: 'A rate limit: exactly one of its limits.' },
);

const rateLimits = Type.Record(Type.String({ pattern: NAME }), rateLimit, {
  ...closed,
  default: {},
  description: 'Rate limits by name; all must have room (429/2003).',
});

const gateway = Type.Object(
  {
    authentication: flag('Refuse calls without a token of `tokens` (401/2009).', false),
    collect_logs: flag(
      'Keep users, sessions, tags and bodies on rows. `cf-aig-collect-log` of a request wins. The money is kept either way.',
      true,
    ),
    collect_payloads: flag('Keep request and response bodies. False: they are never written anywhere.', true),
    cache_ttl: integer('How long answers are cached, seconds; 0 = not at all.', 0, 0, MONTH_S),
    cache_entry_bytes_max: integer('Larger answers are not cached.', 25 * MEBIBYTE, 1_024, 256 * MEBIBYTE),
    request_timeout: integer("Time to a provider's first byte, ms; 0 = `ingress.first_byte_timeout_ms`.", 0),
    retry_max_attempts: integer('Attempts at a provider that fails, the first one included.', 1, 1, 5),
    retry_delay: integer('Wait before the second attempt, ms.', 500, 0, 5_000),
    retry_backoff: Type.Union([Type.Literal('constant'), Type.Literal('linear'), Type.Literal('exponential')], {
      description: 'How the wait grows from one attempt to the next.',
      default: 'exponential',
    }),
    include_usage: Type.Union([Type.Literal('known'), Type.Literal('all'), Type.Literal('off')], {
      description:
        'Ask a chat stream for its usage when the call does not (`stream_options.include_usage`), and withhold that chunk: `known` = of providers known to take it, `all` = of custom providers too, `off`.',
      default: 'known',
    }),
    rate_limits: rateLimits,
    cloudflare_errors: flag(
      "Answer 400/2005 when every attempt failed, as Cloudflare; else the provider's own status.",
      false,
    ),
  },
  { ...closed, description: 'A gateway: the second path segment after /v1.' },
);

export const gateways = Type.Record(Type.String({ pattern: NAME }), gateway, {
  ...closed,
  default: { default: {} },
  description: 'Gateways by id; `default` always exists.',
});

const account = Type.Object(
  {
    gateways: Type.Array(Type.String(), {
      default: [],
      description: 'Gateways that it may call; empty = all.',
    }),
  },
  { ...closed, description: 'An account: the first path segment after /v1.' },
);

export const accounts = Type.Record(Type.String({ pattern: NAME }), account, {
  ...closed,
  default: {},
  description: 'Accounts by id. None = any account is taken; else these and `default`, that of the short paths.',
});

const names = (description: string) => Type.Array(Type.String(), { default: [], description });

const METADATA =
  "Put on each of its rows, instead of the client's entry of that name; `user`, `feature`, `env` and `session` are columns.";

const token = Type.Object(
  {
    hash: Type.String({
      description: 'SHA-256 of the token, `sha256:<64 hex digits>`: `weir token` makes both.',
      pattern: '^sha256:[0-9a-f]{64}$',
    }),
    enabled: flag('False: it is refused.', true),
    expires: Type.String({
      description: 'Refused from this time on (UTC), e.g. 2027-01-31T00:00:00Z; empty = never.',
      default: '',
      pattern: '^(\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?)?$',
    }),
    accounts: names('Accounts it may call; empty = all.'),
    gateways: names('Gateways it may call; empty = all.'),
    providers: names('Providers it may call, by slug; empty = all.'),
    models: names('Models it may ask for, `*` stands for any text without a slash; empty = all.'),
    key_aliases: names('Stored keys it may use, by alias; empty = all.'),
    rate_limits: rateLimits,
    metadata: Type.Record(
      Type.String({ pattern: '^[^.]{1,64}$' }),
      Type.String({ maxLength: 256, description: METADATA }),
      {
        ...closed,
        default: {},
      },
    ),
  },
  { ...closed, description: 'A gateway token, or virtual key: who may call, and what.' },
);

export const tokens = Type.Record(Type.String({ pattern: NAME }), token, {
  ...closed,
  default: {},
  description: 'Tokens by name; the name is `token_id` on their rows. See [gateways](gateways.md).',
});

const providerKey = Type.Object(
  {
    key: secret("Sent in the provider's own header; write ${NAME} or ${file:path}. With a space in it, sent as it is."),
    header: Type.String({
      description: "Request header that carries it, in lower case; empty = the provider's own.",
      default: '',
      pattern: '^[a-z0-9-]{0,64}$',
    }),
    access_key_id: text('Amazon Bedrock: signs each call (SigV4) with this key,', ''),
    secret_access_key: secret('its secret,'),
    session_token: secret('and the session token of temporary credentials.'),
    service_account: secret('Google Vertex AI: JSON of a service account, for which access tokens are had and kept.'),
    gateways: names('Gateways that may use it; empty = all.'),
    without_token: flag('Use it for calls without a token too, where the gateway asks for none.', false),
  },
  { ...closed, description: 'A key of a provider that Weir sends, so that clients need none.' },
);

export const providerKeys = Type.Record(
  Type.String({ pattern: SLUG }),
  Type.Record(Type.String({ pattern: NAME }), providerKey, { ...closed, default: {} }),
  {
    ...closed,
    default: {},
    description:
      'Stored keys by provider slug and alias; `default` is used unless `cf-aig-byok-alias` names another. See [gateways](gateways.md).',
  },
);

export const sharedState = Type.Object(
  {
    url: Type.String({
      description:
        'Where limits and budgets count: `embedded:<directory>` for the workers of this machine, `redis://…` for several machines, `memory:` for one worker.',
      default: 'embedded:./data/state',
      pattern: '^(embedded:.+|memory:|rediss?://.+)$',
    }),
    timeout_ms: integer('Longest wait for Redis.', 250, 10, 10_000),
    when_unreachable: Type.Union([Type.Literal('allow'), Type.Literal('refuse')], {
      description: 'Calls that cannot be counted: `allow` them, uncounted, or `refuse` them with 503.',
      default: 'allow',
    }),
  },
  { ...closed, default: {}, description: 'Counters of rate limits and budgets.' },
);
