import { Type } from 'typebox';
import { closed, flag, integer, MEBIBYTE, NAME } from './schema-fields.ts';

const MONTH_S = 2_592_000;

const gateway = Type.Object(
  {
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
