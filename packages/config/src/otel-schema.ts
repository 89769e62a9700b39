import { Type } from 'typebox';
import { closed, integer, text } from './schema-fields.ts';

export const otel = Type.Object(
  {
    url: Type.String({
      description: 'OTLP/HTTP address for spans, e.g. `http://localhost:4318/v1/traces`; empty = none are made.',
      default: '',
      pattern: '^(https?://.+)?$',
    }),
    headers: Type.Record(
      Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
      Type.String({
        description: 'Request header for it, name in lower case.',
        pattern: '^[\\x20-\\x7e]*$',
        secret: true,
      }),
      { ...closed, default: {} },
    ),
    service_name: text('`service.name` of the spans.', 'weir'),
    batch_spans: integer('Most spans of one request.', 256, 1, 10_000),
    timeout_ms: integer('Longest wait for an answer.', 10_000, 100, 120_000),
  },
  {
    ...closed,
    default: {},
    description: 'A span for every attempt, with GenAI attributes and cost; see [operations](operations.md#traces).',
  },
);
