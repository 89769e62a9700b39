import { fileURLToPath } from 'node:url';
import { type Clock, Releasers, type Started, systemClock } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import Fastify, { type FastifyInstance } from 'fastify';
import { answerErrors } from './http/answer-errors.ts';
import { apiRoutes } from './http/api-routes.ts';
import { guard } from './http/guard.ts';
import { type PageFile, readPageFiles } from './http/page-files.ts';
import { createLiveFeed } from './live/live-feed.ts';
import { createGate } from './query/gate.ts';
import { createLedger } from './query/ledger.ts';

export interface ConsoleConfig {
  /** Address to listen on. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Where the ClickHouse HTTP interface answers, shown beside each statement; absent when it is off. */
  readonly sqlUrl?: string;
  /** Where clients reach the gateway, shown in the first-request command. Default `http://127.0.0.1:8787`. */
  readonly gatewayUrl?: string;
}

export interface ConsoleDependencies {
  readonly warehouse: Pick<Warehouse, 'query'>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

const PAGE_FOLDER = fileURLToPath(new URL('../web', import.meta.url));
const QUERIES = { active: 4, waiting: 64 };
const LIVE = { viewers: 64, pollers: 8, pollMs: 1_000, rows: 200 };

/**
 * Serves the web page and its JSON API; resolves once it listens, with the address. `stop()` ends the live streams
 * and the queries in flight; the warehouse stays open, it is the caller's.
 */
export async function createConsole(
  config: ConsoleConfig,
  dependencies: ConsoleDependencies,
): Promise<Started<{ readonly url: string }>> {
  const { warehouse, logger, clock = systemClock } = dependencies;
  const releasers = new Releasers();
  const ledger = createLedger(warehouse, createGate(QUERIES));
  const live = createLiveFeed({ ledger, clock, limits: LIVE });
  const app = Fastify({ logger: false, forceCloseConnections: true, routerOptions: { maxParamLength: 100 } });
  releasers.add('http', () => app.close());
  releasers.add('live', () => live.stop());

  guard(app, config.host);
  answerErrors(app, logger);
  pageRoutes(app, await readPageFiles(PAGE_FOLDER));
  apiRoutes(app, {
    ledger,
    live,
    clock,
    about: { sql_url: config.sqlUrl ?? null, gateway_url: config.gatewayUrl ?? 'http://127.0.0.1:8787' },
  });
  try {
    const url = await app.listen({ host: config.host, port: config.port });
    logger.info({ url }, 'console is ready');
    return { value: { url }, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

function pageRoutes(app: FastifyInstance, files: ReadonlyMap<string, PageFile>): void {
  for (const [path, file] of files) {
    app.get(path, async (request, reply) => {
      reply.headers({ etag: file.etag, 'cache-control': 'no-cache', 'content-type': file.type });
      return request.headers['if-none-match'] === file.etag ? reply.code(304).send() : file.body;
    });
  }
}
