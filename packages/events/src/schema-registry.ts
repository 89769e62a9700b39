import { errorMessage, WeirError } from '@weir/kernel';

export interface SchemaRegistryOptions {
  readonly url: string;
  /** `Authorization` header value, when the registry wants one. */
  readonly authorization?: string;
  readonly timeoutMs?: number;
}

/**
 * Registers a schema under a subject of a Confluent-compatible registry and returns its id; registering the same
 * schema again gives the same id (Confluent Schema Registry API, POST /subjects/{subject}/versions).
 * @throws WeirError `SCHEMA_REGISTRY_FAILED`, retriable unless the registry refused the schema (409, 422).
 */
export async function registerSchema(subject: string, schema: object, options: SchemaRegistryOptions): Promise<number> {
  const body = JSON.stringify({ schemaType: 'AVRO', schema: JSON.stringify(schema) });
  const answer = await call(`/subjects/${encodeURIComponent(subject)}/versions`, options, body);
  return answer['id'] as number;
}

/** The schema of an id (GET /schemas/ids/{id}). @throws as `registerSchema`. */
export async function fetchSchema(id: number, options: SchemaRegistryOptions): Promise<object> {
  const answer = await call(`/schemas/ids/${id}`, options);
  return JSON.parse(String(answer['schema'])) as object;
}

async function call(path: string, options: SchemaRegistryOptions, body?: string): Promise<Record<string, unknown>> {
  const url = new URL(path.slice(1), options.url.endsWith('/') ? options.url : `${options.url}/`);
  const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json' };
  if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
  if (options.authorization !== undefined) headers['authorization'] = options.authorization;
  let response: Response;
  try {
    const signal = AbortSignal.timeout(options.timeoutMs ?? 10_000);
    response = await fetch(url, body === undefined ? { headers, signal } : { method: 'POST', headers, body, signal });
  } catch (cause) {
    throw new WeirError('SCHEMA_REGISTRY_FAILED', `${url.origin}: ${errorMessage(cause)}`, { cause, retriable: true });
  }
  if (!response.ok) {
    const text = (await response.text()).slice(0, 200);
    throw new WeirError('SCHEMA_REGISTRY_FAILED', `${url.origin} answered ${response.status}: ${text}`, {
      retriable: response.status >= 500 || response.status === 429,
      fix: 'Check schema_registry.url and the compatibility level of the subject.',
    });
  }
  return (await response.json()) as Record<string, unknown>;
}
