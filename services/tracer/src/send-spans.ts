import { errorCode } from '@weir/kernel';
import type { OtlpSpan } from './span-of.ts';

export interface SpanReceiver {
  /** The whole address, e.g. `http://collector:4318/v1/traces`. */
  readonly url: string;
  /** May hold a credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly timeoutMs: number;
}

export type Sent =
  | { readonly kind: 'sent' }
  /** A passing fault: the same spans may be taken later. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** OTLP/HTTP: what a receiver says that wants the same again (OpenTelemetry protocol specification). */
const PASSING_STATUS = new Set([408, 429, 502, 503, 504]);

/** Sends spans once, as OTLP/HTTP with JSON. Reasons hold a status or a code, never the address or a header (I8). */
export async function sendSpans(
  receiver: SpanReceiver,
  spans: readonly OtlpSpan[],
  version: string,
  signal: AbortSignal,
): Promise<Sent> {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: receiver.serviceName } }] };
  const body = JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'weir', version }, spans }] }],
  });
  const timeout = AbortSignal.timeout(receiver.timeoutMs);
  try {
    const response = await fetch(receiver.url, {
      method: 'POST',
      body,
      redirect: 'manual',
      signal: AbortSignal.any([timeout, signal]),
      headers: { ...receiver.headers, 'content-type': 'application/json', 'user-agent': `Weir/${version}` },
    });
    await response.body?.cancel();
    if (response.ok) return { kind: 'sent' };
    const reason = `status ${response.status}`;
    return PASSING_STATUS.has(response.status) ? { kind: 'failed', reason } : { kind: 'refused', reason };
  } catch (error) {
    if (timeout.aborted) return { kind: 'failed', reason: 'timeout' };
    return { kind: 'failed', reason: errorCode(error instanceof Error ? (error.cause ?? error) : error) };
  }
}
