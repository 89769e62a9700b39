import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BudgetStateEvent } from '@weir/events';
import { Releasers, type Started, sleep } from '@weir/kernel';
import Fastify, { type FastifyInstance } from 'fastify';
import { AnswerCache } from './cache/answer-cache.ts';
import { INGRESS_DEFAULTS, type IngressConfig, type RoutingConfig } from './config.ts';
import type { AttemptContext } from './exchange/attempt.ts';
import { CallAcceptor } from './exchange/call-acceptor.ts';
import { createUpstreamAgent } from './exchange/upstream-agent.ts';
import { LiveRouting } from './gateways/live-routing.ts';
import { createIngressMetrics, createProviderSeries, declareIngressGauges } from './ingress-metrics.ts';
import { CallRecorder } from './ledger/call-recorder.ts';
import { CaptureBudget } from './ledger/capture-budget.ts';
import { createLimits } from './limits/create-limits.ts';
import type { IngressDependencies } from './ports.ts';
import { createKeyFingerprint } from './wire/key-fingerprint.ts';

const HEADER_BYTES_MAX = 64 * 1024;
/** Connections that wait to be taken: Node's 511 overflow when thousands come at once, and the kernel resets the rest. */
const LISTEN_BACKLOG = 4_096;
const STOP_POLL_MS = 20;
/** How often Node looks for clients that take too long to send a request. */
const SLOW_CLIENT_CHECK_MS = 5_000;
/** After the grace, cut attempts end within a few turns of the event loop. */
const CUT_MS = 2_000;

export interface Ingress {
  /** Where it listens, e.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly app: FastifyInstance;
  /**
   * Replaces accounts, gateways and providers for the calls that come from now on; what is left out takes its default.
   * @throws WeirError `INGRESS_CONFIG_INVALID`; then the old ones stay.
   */
  reload(routing: Partial<RoutingConfig>): void;
  /** Takes where a budget stands, as weir.budget-states says. */
  budgetState(state: BudgetStateEvent): void;
}

/**
 * Starts an ingress that listens. Settings left out take `INGRESS_DEFAULTS`. `stop()` refuses new connections, lets calls
 * in flight end within `shutdownGraceMs`, cuts the rest, and returns when every event is written or reported.
 * @throws the listen error of Node, e.g. `EADDRINUSE`.
 */
export async function createIngress(
  settings: Partial<IngressConfig>,
  dependencies: IngressDependencies,
): Promise<Started<Ingress>> {
  const config: IngressConfig = { ...INGRESS_DEFAULTS, ...settings };
  const budget = new CaptureBudget(config.captureBudgetBytes);
  const metrics = createIngressMetrics(dependencies.metrics);
  const recorder = new CallRecorder(config, dependencies, metrics);
  const dispatcher = createUpstreamAgent(config);
  const providerSeries = createProviderSeries(metrics);
  const { responseCache } = dependencies;
  const cache = responseCache === undefined ? undefined : new AnswerCache(responseCache, dependencies, metrics);
  const context: AttemptContext = {
    config,
    dependencies,
    dispatcher,
    recorder,
    metrics,
    providerSeries,
    budget,
    cache,
  };
  const routing = new LiveRouting(config);
  const limits = createLimits(config, dependencies, metrics);
  const acceptor = new CallAcceptor(context, routing, limits, createKeyFingerprint(config.keyPepper));
  declareIngressGauges(dependencies.metrics, {
    callsInFlight: () => acceptor.inFlight,
    eventsWaiting: () => recorder.waitingCount,
    captureBytes: () => budget.usedBytes,
  });
  let stopping = false;
  const app = createApp(config, acceptor);
  addOperations(app, dependencies, () => !stopping && recorder.accepting);

  const releasers = new Releasers();
  releasers.add('upstream connections', () => dispatcher.destroy());
  releasers.add('server', async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  releasers.add('calls', async () => {
    stopping = true;
    acceptor.startStopping();
    app.server.close();
    const deadline = dependencies.clock.monotonic() + config.shutdownGraceMs;
    await drain(app, acceptor, dependencies, deadline);
    acceptor.cutAll();
    await drain(app, acceptor, dependencies, Math.max(deadline, dependencies.clock.monotonic() + CUT_MS));
    await recorder.stop(deadline);
  });
  try {
    await app.listen({ host: config.host, port: config.port, backlog: LISTEN_BACKLOG });
  } catch (error) {
    await releasers.stop();
    throw error;
  }
  const url = urlOf(config.host, app.server.address());
  dependencies.logger.info({ url }, 'ingress listening');
  const reload = (changed: Partial<RoutingConfig>): void => routing.reload({ ...INGRESS_DEFAULTS, ...changed });
  const budgetState = (state: BudgetStateEvent): void => limits.budgets?.update(state);
  return { value: { url, app, reload, budgetState }, stop: () => releasers.stop() };
}

/** Paths of Weir's own; no provider has such a slug. */
const OPERATIONS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * A call goes from Node's server straight to the acceptor: Fastify serves the operations, and would only add its router,
 * hooks and objects to each call.
 */
function createApp(config: IngressConfig, acceptor: CallAcceptor): FastifyInstance {
  return Fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: true,
    genReqId: () => '',
    serverFactory: (operations) => {
      const server = createServer(
        {
          maxHeaderSize: HEADER_BYTES_MAX,
          headersTimeout: config.clientHeadersTimeoutMs,
          requestTimeout: config.clientRequestTimeoutMs,
          keepAliveTimeout: config.clientKeepAliveMs,
          connectionsCheckingInterval: SLOW_CLIENT_CHECK_MS,
          noDelay: true,
        },
        (request, response) => {
          if (request.method === 'GET' && isOperation(request.url ?? '')) operations(request, response);
          else acceptor.accept(request, response);
        },
      );
      if (config.clientConnectionsMax > 0) server.maxConnections = config.clientConnectionsMax;
      return server;
    },
  });
}

function isOperation(url: string): boolean {
  const query = url.indexOf('?');
  return OPERATIONS.has(query < 0 ? url : url.slice(0, query));
}

function addOperations(app: FastifyInstance, dependencies: IngressDependencies, ready: () => boolean): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) =>
    ready() ? { status: 'ready' } : reply.code(503).send({ status: 'not ready' }),
  );
  app.get('/metrics', async (_request, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8');
    return dependencies.metricsText();
  });
}

/** Waits until no call is in flight, closing connections as they fall idle, or until the deadline (monotonic ms). */
async function drain(
  app: FastifyInstance,
  acceptor: CallAcceptor,
  dependencies: IngressDependencies,
  deadline: number,
): Promise<void> {
  app.server.closeIdleConnections();
  while (acceptor.inFlight > 0 && dependencies.clock.monotonic() < deadline) {
    await sleep(STOP_POLL_MS);
    app.server.closeIdleConnections();
  }
}

function urlOf(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
