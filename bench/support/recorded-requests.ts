import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestEvent } from '@weir/events';
import { fixturesDirectory } from '@weir/testkit';
import { recordedExchange } from '../../packages/weir/src/usage/recorded-exchange.ts';
import { benchEvent } from './bench-requests.ts';

interface Entry {
  readonly provider: string;
  readonly endpoint: string;
  readonly model: string | null;
  readonly framing: string;
  readonly status: number;
  readonly request_file: string | null;
  readonly response_file: string | null;
  readonly response_headers: Readonly<Record<string, string>>;
}

/** A request event for every recorded body; none, and a notice, where they are not at hand. */
export function recordedRequests(): RequestEvent[] {
  const directory = fixturesDirectory('the recorded bodies of bench/cost.ts');
  if (directory === undefined) return [];
  const { entries } = JSON.parse(readFileSync(join(directory, 'INDEX.json'), 'utf8')) as { entries: readonly Entry[] };
  const bytesOf = (file: string | null): Buffer => {
    const path = file === null || file === '' ? '' : join(directory, file);
    return path !== '' && existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  };
  return entries.map((entry) => {
    const request = bytesOf(entry.request_file);
    const response = bytesOf(entry.response_file);
    const exchange = recordedExchange({
      ...entry,
      model: entry.model ?? '',
      headers: entry.response_headers,
      request,
      response,
      complete: true,
    });
    const { provider, method, path, status, requestContentType, responseContentType, responseHeaders } = exchange;
    return benchEvent({}, '', {
      provider,
      method,
      path,
      status,
      request_head: request,
      request_bytes: request.length,
      response_head: response,
      response_bytes: response.length,
      request_content_type: requestContentType,
      response_content_type: responseContentType,
      response_headers: { ...responseHeaders },
    });
  });
}
