import { sleep } from '@weir/kernel';
import { seededRandom } from '../replay/synthesis/seeded-random.ts';
import { composeDemoRequest, type DemoRequest } from './compose-demo-request.ts';

export interface DemoTrafficOptions {
  /** Weir's ingress, e.g. `http://127.0.0.1:8787`. */
  readonly baseUrl: string;
  /** Stops after that many requests. */
  readonly requests?: number;
  /** Stops sending after that long; with neither limit the traffic runs until `signal` aborts. */
  readonly durationMs?: number;
  /** Default 20. */
  readonly ratePerSecond?: number;
  /** Most requests in flight; a slow gateway then lowers the rate. Default 16. */
  readonly concurrency?: number;
  /** Equal seeds send equal requests in equal order. Default 'demo'. */
  readonly seed?: string;
  /** Gateways to spread the requests over (`/v1/{account}/{gateway}/…`); by default the short form is used. */
  readonly gateways?: { readonly account: string; readonly ids: readonly string[] };
  /** Share of requests that the replay provider refuses with 429 or 500. Default 0.02. */
  readonly errorShare?: number;
  /** From this request on, prompts of the feature (default `summarise`) are four times as long. */
  readonly incident?: { readonly fromRequest: number; readonly feature?: string };
  readonly onProgress?: (progress: DemoTrafficProgress) => void;
  readonly signal?: AbortSignal;
}

export interface DemoTrafficProgress {
  readonly sent: number;
  readonly finished: number;
}

/** What was sent and what came back. Counts of requests unless named otherwise. */
export interface DemoTrafficSummary {
  readonly sent: number;
  /** Answered with a status below 400. */
  readonly succeeded: number;
  /** Without a whole answer: refused or broken connections, aborted requests. */
  readonly failed: number;
  readonly streamed: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly providers: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, number>>;
  /** Body bytes received. */
  readonly bytes: number;
  readonly durationMs: number;
}

class Tally {
  sent = 0;
  finished = 0;
  succeeded = 0;
  failed = 0;
  streamed = 0;
  bytes = 0;
  readonly statuses: Record<string, number> = {};
  readonly providers: Record<string, number> = {};
  readonly features: Record<string, number> = {};
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/**
 * Sends varied traffic of several tenants, features, models and providers through Weir, with made-up keys, at a
 * steady rate, and reads every answer to its end. Never throws for an answer or a broken connection: it counts them.
 */
export async function runDemoTraffic(options: DemoTrafficOptions): Promise<DemoTrafficSummary> {
  const { requests = Number.POSITIVE_INFINITY, durationMs = Number.POSITIVE_INFINITY, signal } = options;
  const intervalMs = 1000 / (options.ratePerSecond ?? 20);
  const random = seededRandom(options.seed ?? 'demo');
  const tally = new Tally();
  const started = performance.now();
  const inFlight = new Set<Promise<void>>();
  while (tally.sent < requests && performance.now() - started < durationMs && signal?.aborted !== true) {
    if (inFlight.size >= (options.concurrency ?? 16)) await Promise.race(inFlight);
    const request = composeDemoRequest(random, {
      errorShare: options.errorShare ?? 0.02,
      grownFeature:
        options.incident !== undefined && tally.sent + 1 >= options.incident.fromRequest
          ? (options.incident.feature ?? 'summarise')
          : undefined,
    });
    tally.sent += 1;
    const url = urlOf(options, request, tally.sent);
    const done = send(url, request, tally, signal).then(() => {
      inFlight.delete(done);
      options.onProgress?.({ sent: tally.sent, finished: tally.finished });
    });
    inFlight.add(done);
    const aheadMs = started + tally.sent * intervalMs - performance.now();
    if (aheadMs > 0) await sleep(aheadMs, signal);
  }
  await Promise.all(inFlight);
  const { finished: _, ...summary } = tally;
  return { ...summary, durationMs: Math.round(performance.now() - started) };
}

function urlOf({ baseUrl, gateways }: DemoTrafficOptions, request: DemoRequest, number: number): string {
  const base = baseUrl.replace(/\/+$/, '');
  const gateway = gateways?.ids[number % gateways.ids.length];
  const prefix = gateways === undefined || gateway === undefined ? '' : `/v1/${gateways.account}/${gateway}`;
  return `${base}${prefix}/${request.provider}${request.path}`;
}

async function send(url: string, request: DemoRequest, tally: Tally, signal: AbortSignal | undefined): Promise<void> {
  count(tally.providers, request.provider);
  count(tally.features, request.feature);
  if (request.stream) tally.streamed += 1;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: request.headers,
      body: request.body,
      ...(signal === undefined ? {} : { signal }),
    });
    count(tally.statuses, String(response.status));
    for await (const chunk of response.body ?? []) tally.bytes += chunk.length;
    if (response.ok) tally.succeeded += 1;
  } catch {
    tally.failed += 1;
  }
  tally.finished += 1;
}
