import type { Config } from '@weir/config';
import { EVENTS, type EventName, type Framing, registerSchema } from '@weir/events';

/**
 * How this installation frames each event: single-object by default; with `schema_registry.url`, the schemas are
 * registered (subject `<topic>-value`) and Confluent framing is used. @throws WeirError `SCHEMA_REGISTRY_FAILED`.
 */
export async function eventFraming(config: Config): Promise<Readonly<Record<EventName, Framing>>> {
  const { url, authorization } = config.schema_registry;
  const options = authorization === '' ? { url } : { url, authorization };
  const entries = (Object.keys(EVENTS) as EventName[]).map(async (name): Promise<[EventName, Framing]> => {
    if (url === '') return [name, { kind: 'single-object' }];
    const { topic, schema } = EVENTS[name];
    return [name, { kind: 'confluent', schemaId: await registerSchema(`${topic}-value`, schema, options) }];
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<EventName, Framing>;
}
