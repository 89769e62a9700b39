import type { Clock } from '@weir/kernel';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AboutAnswer } from '../api/answers.ts';
import { breakdown } from '../api/breakdown.ts';
import { overview } from '../api/overview.ts';
import { requestDetail } from '../api/request-detail.ts';
import { requests } from '../api/requests.ts';
import { series } from '../api/series.ts';
import { createEventStream } from '../live/event-stream.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import { DIMENSION_NAMES } from '../query/dimensions.ts';
import { FILTER_NAMES, readFilters } from '../query/filters.ts';
import type { Ledger } from '../query/ledger.ts';
import { integer, oneOf, parameterError, type RawQuery, refuseUnknown, single } from '../query/parameters.ts';
import { isRequestId, readCursor } from '../query/requests-statement.ts';
import type { Scope } from '../query/scope.ts';
import { MEASURE_NAMES } from '../query/series-statement.ts';
import { readStep, readTimeRange } from '../query/time-range.ts';

const SCOPE_NAMES = ['from', 'to', ...FILTER_NAMES];

interface Dependencies {
  readonly ledger: Ledger;
  readonly live: LiveFeed;
  readonly clock: Clock;
  readonly about: AboutAnswer;
}

/** Aborts when the caller goes away before the answer is complete. */
function callerSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/**
 * The JSON API. Every question takes `from`, `to` (`now-24h`, `now` or ISO 8601 with a zone) and filters by any
 * dimension (`model=…&env=…`; a repeated name means either); an unknown name or word is a 400 `CONSOLE_PARAMETER`.
 */
export function apiRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const { ledger, clock } = dependencies;

  function scopeOf(raw: RawQuery, more: readonly string[]): Scope {
    refuseUnknown(raw, [...SCOPE_NAMES, ...more]);
    return { range: readTimeRange(raw, clock.now()), filters: readFilters(raw) };
  }

  function get(path: string, answer: (raw: RawQuery, signal: AbortSignal) => Promise<object>): void {
    app.get<{ Querystring: RawQuery }>(path, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return answer(request.query, callerSignal(reply));
    });
  }

  get('/api/about', async () => dependencies.about);
  get('/api/overview', async (raw, signal) => overview(ledger, scopeOf(raw, []), signal));
  get('/api/series', async (raw, signal) => {
    const scope = scopeOf(raw, ['by', 'measure', 'step']);
    const by = oneOf(raw, 'by', DIMENSION_NAMES, 'model');
    const measure = oneOf(raw, 'measure', MEASURE_NAMES, 'spend');
    return series(ledger, scope, { by, measure, stepSeconds: readStep(raw, scope.range) }, signal);
  });
  get('/api/breakdown', async (raw, signal) => {
    const scope = scopeOf(raw, ['by', 'limit']);
    const by = oneOf(raw, 'by', DIMENSION_NAMES, 'model');
    return breakdown(ledger, scope, { by, limit: integer(raw, 'limit', 50, 1, 1000) }, signal);
  });
  get('/api/requests', async (raw, signal) => {
    const scope = scopeOf(raw, ['limit', 'before']);
    const page = { limit: integer(raw, 'limit', 50, 1, 500), before: readCursor(single(raw, 'before')) };
    return requests(ledger, scope, page, signal);
  });
  app.get<{ Params: { id: string } }>('/api/requests/:id', async (request, reply) => {
    const id = request.params.id.toLowerCase();
    if (!isRequestId(id)) throw parameterError('id', id, 'a request id (a UUID)');
    reply.header('cache-control', 'no-store');
    return requestDetail(ledger, id, callerSignal(reply));
  });
  liveRoute(app, dependencies.live);
}

/** `GET /api/requests/live`: new rows as Server-Sent Events; takes filters, and `Last-Event-ID` from a browser that comes back. */
function liveRoute(app: FastifyInstance, live: LiveFeed): void {
  app.get<{ Querystring: RawQuery }>('/api/requests/live', (request, reply) => {
    refuseUnknown(request.query, FILTER_NAMES);
    const lastId = request.headers['last-event-id'];
    const stream = createEventStream(reply.raw);
    // Joined before the head is sent: a refusal is an ordinary 503.
    const { leave, missed } = live.watch(
      readFilters(request.query),
      typeof lastId === 'string' ? lastId : undefined,
      stream,
    );
    reply.raw.once('close', leave);
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    stream.open();
    if (missed === undefined) stream.gap();
    else stream.rows(missed);
  });
}
